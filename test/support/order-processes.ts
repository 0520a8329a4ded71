import { defaultPayloadConverter, type Client } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { v7 as uuidv7 } from 'uuid';
import { createOrderActivities } from '../../activities/orders/order.activities.ts';
import type { Database } from '../../db/database.ts';
import { createMetrics } from '../../platform/metrics.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { createWorkflowSinks } from '../../workers/workflow-sinks.ts';
import { orderChangedSignal, type OrderActivities, type OrderView } from '../../workflows/orders/messages.ts';
import { testDataConverter } from './encryption.ts';
import { TestCarrier, TestProcessor } from './order-outside.ts';

/** The processes of orders alone: a worker on a queue of its own, on a real database, without relay and API. */
export class OrderProcesses {
  readonly processor = new TestProcessor();
  readonly carrier = new TestCarrier();
  /** So many steps to come fail, as when the database is away. */
  failing = 0;
  readonly #client: Client;
  readonly #queue = `orders-${uuidv7()}`;
  #end: () => Promise<void> = () => Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  async run(database: Database, connection: NativeConnection): Promise<void> {
    const { processor: payments, carrier } = this;
    const worker = await Worker.create({
      connection,
      namespace: this.#client.options.namespace,
      taskQueue: this.#queue,
      dataConverter: testDataConverter,
      workflowBundle: await workflowBundle(),
      activities: this.#withFailures(createOrderActivities({ database, payments, carrier })),
      sinks: createWorkflowSinks(createMetrics('test')),
    });
    const running = worker.run();
    this.#end = async () => {
      worker.shutdown();
      await running;
    };
  }

  #withFailures(steps: OrderActivities): object {
    const wrapped = Object.entries(steps).map(
      ([name, step]: [string, (input: never) => Promise<OrderView>]) => [
        name,
        (input: never) => {
          if (this.failing <= 0) return step(input);
          this.failing -= 1;
          throw new Error('The database is away.');
        },
      ],
    );
    return Object.fromEntries(wrapped) as object;
  }

  /** Starts the process of an order. @param ahead on a clock that jumps over its timers */
  async start(order: { id: string; tenantId: string }, { ahead }: { ahead: boolean }): Promise<string> {
    const workflowId = `order:${order.id}`;
    await this.#client.workflowService.startWorkflowExecution({
      namespace: this.#client.options.namespace,
      workflowId,
      requestId: uuidv7(),
      workflowType: { name: 'fulfillOrder' },
      taskQueue: { name: this.#queue },
      input: {
        payloads: [defaultPayloadConverter.toPayload({ orderId: order.id, tenantId: order.tenantId })],
      },
      ...(ahead ? { timeSkippingConfig: { enabled: true } } : {}),
    });
    return workflowId;
  }

  /** Tells the process that somebody else has changed its order. */
  async tell(workflowId: string): Promise<void> {
    await this.#client.workflow.getHandle(workflowId).signal(orderChangedSignal);
  }

  async close(): Promise<void> {
    await this.#end();
  }
}
