import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { v7 as uuidv7 } from 'uuid';
import { createRoutes } from '../../api/routes.ts';
import { domains } from '../../domain/domains.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import type { TemporalConfig } from '../../temporal.config.ts';
import { startWorkers } from '../../workers/run.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { testDataConverter } from '../support/encryption.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { environmentOf } from '../support/search-system.ts';
import { temporalServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { spawnWorkerProcess } from '../support/worker-process.ts';
import { checkInvariants, isOver, untilEnded, untilQuiet } from './invariants.ts';
import { outsideOfRun, type Outside } from './outside.ts';
import { preload } from './preload.ts';
import type { Outcome, ProcessUnderTest } from './process-under-test.ts';
import { honest, makeStage, type Stage } from './stage.ts';

interface Run {
  outcome: Outcome;
  /** The boundaries that the worker has come to, in their order. */
  points: string[];
  /** Whether the worker has died. How many ranges there are depends on the speed: a later one may not come at all. */
  died: boolean;
}

interface LaneParts {
  api: TestApi;
  vendor: Vendor;
  webhooks: WebhookReceiver;
  mailbox: TestMailbox;
  outside: Outside;
  connection: Connection;
  client: Client;
  temporal: TemporalConfig;
  /** For the processes of its workers. */
  environment: Record<string, string>;
}

/** A system with one worker, which can be made to die at a given step. Several lanes share nothing but the servers. */
export class CrashLane {
  readonly #parts: LaneParts;

  private constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  static async open(): Promise<CrashLane> {
    const { address } = await temporalServer();
    const namespace = `crash-${uuidv7()}`;
    const outside = await outsideOfRun();
    const connection = await Connection.connect({ address });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    const vendor = await startVendor(honest);
    const webhooks = await startWebhookReceiver();
    const mailbox = await startMailbox();
    const api = await startTestApi((services) => createRoutes(services, domains), {
      env: {
        LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
        OUTBOUND_ALLOW_PRIVATE: [vendor.host, webhooks.address].join(','),
        SMTP_URL: mailbox.url,
        ...outside.settings,
      },
    });
    const client = new Client({ connection, namespace, dataConverter: testDataConverter });
    const environment = {
      ...environmentOf(api.services.config),
      ...outside.settings,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    };
    return new CrashLane({
      api,
      vendor,
      webhooks,
      mailbox,
      outside,
      connection,
      client,
      temporal: { connection: { address }, namespace },
      environment,
    });
  }

  /** Runs a process from its submission to its end; the worker dies once, at a point, and another takes its place. */
  async run(process: ProcessUnderTest, point: string | null): Promise<Run> {
    const { api, vendor, webhooks, outside, client, temporal } = this.#parts;
    const { database, storage } = api.services;
    const stage = await makeStage({
      url: api.url,
      database,
      storage,
      temporal: client,
      domains: process.domains,
      vendor,
      webhooks,
      outside,
    });
    stage.crashes = 0;
    // All of it before there is a worker, so that every run comes to the same points.
    const address = await process.submit(stage);
    await process.release?.(stage, address);
    const points: string[] = [];
    const worker = await this.#spawnWorker(
      process,
      { ...preload('crash'), ...(point === null ? {} : { CRASH_AT: point }) },
      (line) => {
        const [, passed] = /^crash point: (.*)$/.exec(line) ?? [];
        if (passed) points.push(passed);
      },
    );
    try {
      if (point !== null) {
        await until(async () => worker.exit !== null || (await isOver(stage, address, process)), 180_000);
      }
      if (worker.exit === null) {
        return { outcome: await outcomeOf(process, stage, address), points, died: false };
      }
      assert.equal(worker.exit?.signal, 'SIGKILL', worker.lastLines().join('\n'));
      stage.crashes += 1;
    } finally {
      worker.kill();
    }
    // In this process, which has loaded its code already.
    const successor = await startWorkers(api.services.config, temporal, process.domains);
    try {
      return { outcome: await outcomeOf(process, stage, address), points, died: true };
    } finally {
      await successor.stop();
    }
  }

  async close(): Promise<void> {
    const { api, vendor, webhooks, mailbox, connection } = this.#parts;
    await webhooks.close();
    await api.close();
    await vendor.close();
    await mailbox.close();
    await connection.close();
  }

  async #spawnWorker(
    process: ProcessUnderTest,
    env: Record<string, string>,
    onLine?: (line: string) => void,
  ): Promise<TetheredProcess> {
    return await spawnWorkerProcess({ ...this.#parts.environment, ...env }, onLine, process.domains);
  }
}

async function outcomeOf(process: ProcessUnderTest, stage: Stage, address: string): Promise<Outcome> {
  await untilEnded(stage, address, process);
  await untilQuiet(stage);
  if (!process.endsOrganisation) {
    await checkInvariants(stage);
    await stage.caller.repeatAll();
  }
  return await process.outcome(stage, address);
}
