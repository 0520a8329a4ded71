import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';

export interface PlantedActivities {
  giveBack(value: string): Promise<string>;
  breakDown(value: string): Promise<void>;
}

const options = {
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 2, initialInterval: 1 },
} as const;
const remote = proxyActivities<PlantedActivities>(options);
const local = proxyLocalActivities<PlantedActivities>(options);

export const plantSignal = defineSignal<[string]>('plantSignal');
export const plantUpdate = defineUpdate<string, [string]>('plantUpdate');
export const plantQuery = defineQuery<string, [string]>('plantQuery');

/** Leaves a value in every place of a history that holds values. `plant` tells the places apart. */
export async function plantEverywhere(plant: string): Promise<string> {
  const told: string[] = [];
  setHandler(plantSignal, (value) => void told.push(value));
  setHandler(plantUpdate, (value) => {
    told.push(value);
    return `${plant}-update-result`;
  });
  setHandler(plantQuery, (value) => value);
  upsertMemo({ planted: `${plant}-memo-upserted` });
  setCurrentDetails(`${plant}-details`);
  await remote.giveBack.executeWithOptions({ ...options, summary: `${plant}-activity-summary` }, [
    `${plant}-activity-argument`,
  ]);
  await local.giveBack(`${plant}-local-argument`);
  await endsBadly(() => remote.breakDown(`${plant}-activity-failure`));
  await endsBadly(() => local.breakDown(`${plant}-local-failure`));
  await endsBadly(() =>
    executeChild(plantChild, {
      workflowId: `${workflowInfo().workflowId}/child`,
      args: [`${plant}-child-argument`],
      memo: { of: `${plant}-child-memo` },
    }),
  );
  await sleep(1, { summary: `${plant}-timer-summary` });
  await condition(() => told.length === 2);
  throw ApplicationFailure.create({
    type: 'planted.end',
    message: `${plant}-end-message`,
    details: [`${plant}-end-details`],
    nonRetryable: true,
  });
}

export async function plantChild(value: string): Promise<string> {
  await CancellationScope.nonCancellable(() => remote.giveBack(value));
  throw ApplicationFailure.nonRetryable(`${value}-message`, 'planted.child');
}

async function endsBadly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code =
      error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type;
    if (code !== false && code !== 'planted.activity') throw error;
    return;
  }
  throw ApplicationFailure.nonRetryable('It should have failed.', 'planted.unexpected');
}

/** Goes on as a new run, and then waits to be told to end, if it has not been told before. */
export async function plantAnew(plant: string, before?: string): Promise<string> {
  let told = before ?? '';
  setHandler(plantSignal, (value) => void (told = value));
  if (before === undefined) await continueAsNew<typeof plantAnew>(plant, told);
  await condition(() => told !== '');
  return `${plant}-${told}`;
}
