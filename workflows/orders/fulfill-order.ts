import { ActivityFailure, TemporalFailure, type Priority } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
  type ActivityFunctionWithOptions,
} from '@temporalio/workflow';
import type { OrderStep } from '../../domain/orders/next-step.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import {
  orderChangedSignal,
  type FulfillOrderInput,
  type OrderActivities,
  type OrderView,
} from './messages.ts';

/** A worker that is lost is missed after so long, however long a step may take: an order goes on within seconds. */
const heartbeatTimeout = '8 seconds';

/** One transaction in our own database: whatever stops it passes. */
const record = {
  heartbeatTimeout,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const;

/**
 * A call to the payment processor. It has a key of the business, and what became of it is looked up before it is made
 * again, so it is tried until its outcome is known.
 */
const money = {
  heartbeatTimeout,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

/**
 * A call to a carrier, by a key of the business too. One that can't be reached is left alone for a while, which the database
 * keeps: so that the order can be cancelled, and its money given back, while the carrier is away.
 */
const carrier = {
  heartbeatTimeout,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumAttempts: 2 },
} as const;

/** A question to a carrier: when it can't be answered now, the carrier is asked again another time. */
const asking = {
  heartbeatTimeout,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '2 seconds', maximumAttempts: 3 },
} as const;

const steps = {
  readOrder: { ...record, summary: 'Where does the order stand?' },
  reserveStock: { ...record, summary: 'Hold stock' },
  openOrder: { ...record, summary: 'Work on it, or ask the customer' },
  splitOrder: { ...record, summary: 'Split into packages' },
  completeOrder: { ...record, summary: 'Close it' },
  authorizePayment: { ...money, summary: 'Authorise the payment' },
  capturePayment: { ...money, summary: 'Take the payment' },
  resolvePayment: { ...money, summary: 'Find out about a payment' },
  refundOverpaid: { ...money, summary: 'Give money back' },
  voidPayment: { ...money, summary: 'Let the payment go' },
  buyLabel: { ...carrier, summary: 'Buy a label' },
  voidLabel: { ...carrier, summary: 'Give a label back' },
  shipFulfillment: { ...money, summary: 'Ship a package' },
  trackOrder: { ...asking, summary: 'Ask the carrier' },
  timeOutOrder: { ...record, summary: 'The time is up' },
  giveUpFulfillment: { ...record, summary: 'Give a package up' },
  postponeLabel: { ...record, summary: 'Try the carrier another time' },
} as const;

const waits = {
  timeOutOrder: 'Until the time is up',
  trackOrder: 'Until the carrier is asked',
  readOrder: 'Until the carrier is tried again',
} as const;

/** Steps that are one transaction in our own database. */
const ownSteps: ReadonlySet<string> = new Set<keyof OrderActivities>([
  'readOrder',
  'reserveStock',
  'openOrder',
  'splitOrder',
  'completeOrder',
  'giveUpFulfillment',
  'postponeLabel',
]);

/** Since 28 November 2026. To be deprecated when no order from before is open. */
const labelsWait = 'labels-wait';
/** The same. */
const stepsAtHand = 'steps-at-hand';

const activities = proxyActivities<OrderActivities>(record);

/** Made within the task of the workflow, without a round through the server. A few tries, as each adds to the history. */
const atHand = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: record.startToCloseTimeout,
  retry: { initialInterval: '500 milliseconds', maximumAttempts: 3 },
});

export const orderChanged = defineSignal(orderChangedSignal);

/**
 * An order, from its placement to its delivery, or back to where nothing of it is left. The database says where it stands
 * and what is next; the workflow does it, waits, and is told when somebody else has changed the order.
 */
export async function fulfillOrder(input: FulfillOrderInput): Promise<void> {
  await new OrderRun(input).follow();
}

type AnyStep = ActivityFunctionWithOptions<(input: FulfillOrderInput) => Promise<OrderView>>;

class OrderRun {
  readonly #input: FulfillOrderInput;
  /** Decided once, so that an order from before goes on as it began. */
  readonly #hasStepsAtHand = patched(stepsAtHand);
  #changes = 0;
  /** Changes that the present view has surely seen. */
  #seen = 0;
  #status = '';

  constructor(input: FulfillOrderInput) {
    this.#input = input;
    setHandler(orderChanged, () => {
      this.#changes += 1;
    });
  }

  async follow(): Promise<void> {
    let view = await this.#read();
    for (;;) {
      if (workflowInfo().continueAsNewSuggested) await this.#startAfresh();
      if (this.#changes > this.#seen) view = await this.#read();
      else if (view.next.step === 'end') return;
      else if (view.next.step === 'wait') view = await this.#wait(view.next);
      else view = await this.#do(view.next);
    }
  }

  async #read(): Promise<OrderView> {
    return await this.#run('readOrder', {});
  }

  async #wait({ next, seconds, deadline }: OrderStep & { step: 'wait' }): Promise<OrderView> {
    const changed = () => this.#changes > this.#seen;
    if (next === null || seconds === null) {
      await condition(changed);
      return await this.#read();
    }
    const summary = waits[next];
    if (await condition(changed, `${seconds} seconds`, { summary })) return await this.#read();
    if (next === 'readOrder') return await this.#read();
    if (deadline === null) return await this.#do({ step: 'trackOrder' });
    return await this.#note(() =>
      activities.timeOutOrder.executeWithOptions({ ...steps.timeOutOrder, ...this.#options() }, [
        { ...this.#input, deadline },
      ]),
    );
  }

  async #do(next: Exclude<OrderStep, { step: 'wait' | 'end' }> | { step: 'trackOrder' }): Promise<OrderView> {
    const { step, ...of } = next;
    try {
      return await this.#run(step, of);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      if (step === 'buyLabel' || step === 'voidLabel') {
        // Before, the tries were those of the activity, and what failed had failed for hours.
        const name = patched(labelsWait) ? 'postponeLabel' : 'giveUpFulfillment';
        return await this.#run(name, of);
      }
      if (step === 'trackOrder') return await this.#read();
      throw error;
    }
  }

  async #run(step: keyof typeof steps, of: object): Promise<OrderView> {
    const run = activities[step] as AnyStep;
    const { summary, ...options } = steps[step];
    const input = { ...this.#input, ...of };
    return await this.#note(
      async () =>
        (await this.#runAtHand(step, input)) ??
        (await run.executeWithOptions({ ...options, ...this.#options(summary) }, [input])),
    );
  }

  /** Null, where Temporal's server is to try it, for as long as it takes: our database may be away for hours. */
  async #runAtHand(step: keyof typeof steps, input: FulfillOrderInput): Promise<OrderView | null> {
    if (!this.#hasStepsAtHand || !ownSteps.has(step)) return null;
    try {
      return await (atHand[step] as AnyStep)(input);
    } catch (error) {
      // The failure of a local activity comes as it was thrown there, and not within an ActivityFailure. One that a worker has
      // broken off as it ends is no cancellation of the workflow.
      if (error instanceof TemporalFailure) return null;
      throw error;
    }
  }

  /** What changes while a step runs may not be in its answer. */
  async #note(run: () => Promise<OrderView>): Promise<OrderView> {
    const before = this.#changes;
    const view = await run();
    this.#seen = before;
    setCurrentDetails(view.details);
    if (view.status !== this.#status) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: view.status }]);
      this.#status = view.status;
    }
    return view;
  }

  async #startAfresh(): Promise<never> {
    await condition(allHandlersFinished);
    return await continueAsNew<typeof fulfillOrder>(this.#input);
  }

  #options(summary?: string): { summary?: string; priority: Priority } {
    return { ...(summary ? { summary } : {}), priority: { fairnessKey: this.#input.tenantId } };
  }
}
