import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { v7 as uuidv7 } from 'uuid';
import { testDataConverter } from '../support/encryption.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { startSearchSystem, type SearchSystem } from '../support/search-system.ts';
import { temporalServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { checkInvariants, isOver, untilEnded, untilQuiet } from './invariants.ts';
import type { Outcome, ProcessUnderTest } from './process-under-test.ts';
import { honest, makeStage, type Stage } from './stage.ts';
import { preload } from './preload.ts';

interface Run {
  outcome: Outcome;
  /** The boundaries that the worker has come to, in their order. */
  points: string[];
  /** Whether the worker has died. How many ranges there are depends on the speed: a later one may not come at all. */
  died: boolean;
}

interface LaneParts {
  system: SearchSystem;
  vendor: Vendor;
  webhooks: WebhookReceiver;
  mailbox: TestMailbox;
  connection: Connection;
  client: Client;
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
    const connection = await Connection.connect({ address });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    const vendor = await startVendor(honest);
    const webhooks = await startWebhookReceiver();
    const mailbox = await startMailbox();
    const system = await startSearchSystem({
      withoutWorkers: true,
      env: {
        OUTBOUND_ALLOW_PRIVATE: [vendor.host, webhooks.address].join(','),
        SMTP_URL: mailbox.url,
      },
      temporal: { address, namespace },
    });
    const client = new Client({ connection, namespace, dataConverter: testDataConverter });
    return new CrashLane({ system, vendor, webhooks, mailbox, connection, client });
  }

  /** Runs a process from its submission to its end; the worker dies once, at a point, and another takes its place. */
  async run(process: ProcessUnderTest, point: string | null): Promise<Run> {
    const { system, vendor, webhooks } = this.#parts;
    const { url, services } = system.api;
    const stage = await makeStage({ url, database: services.database, vendor, webhooks });
    // All of it before there is a worker, so that every run comes to the same points.
    const address = await process.submit(stage);
    await process.release?.(stage, address);
    const points: string[] = [];
    const worker = await system.spawnWorkerProcess(
      { ...preload('crash'), ...(point === null ? {} : { CRASH_AT: point }) },
      (line) => {
        const [, passed] = /^crash point: (.*)$/.exec(line) ?? [];
        if (passed) points.push(passed);
      },
    );
    try {
      if (point !== null) {
        await until(
          async () => worker.exit !== null || (await isOver(stage, this.#parts.client, address)),
          180_000,
        );
      }
      if (worker.exit === null) {
        return { outcome: await this.#outcome(process, stage, address), points, died: false };
      }
      assert.equal(worker.exit?.signal, 'SIGKILL', worker.lastLines().join('\n'));
    } finally {
      worker.kill();
    }
    const successor = await system.startWorkerProcess();
    try {
      return { outcome: await this.#outcome(process, stage, address), points, died: true };
    } finally {
      successor.kill();
    }
  }

  async close(): Promise<void> {
    const { system, vendor, webhooks, mailbox, connection } = this.#parts;
    await system.close();
    await vendor.close();
    await webhooks.close();
    await mailbox.close();
    await connection.close();
  }

  async #outcome(process: ProcessUnderTest, stage: Stage, address: string): Promise<Outcome> {
    await untilEnded(stage, address);
    await untilQuiet(stage, this.#parts.client);
    await checkInvariants(stage, this.#parts.client);
    await stage.caller.repeatAll();
    return await process.outcome(stage, address);
  }
}
