import { activityInfo } from '@temporalio/activity';
import { WorkflowClient } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { ChildProcess } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as pg from 'pg';
import { FolderStorage } from '../../../platform/storage/folder.ts';
import { Sender } from '../../../services/webhooks/sender.ts';

/**
 * Loaded before a worker: tells of every boundary that it comes to, and ends it with no warning at the one that
 * `CRASH_AT` names. A boundary is `<what> <before|after> <the how manieth time>`; after an activity is when its work is
 * committed and Temporal has not heard of it.
 */
const crashAt = process.env['CRASH_AT'];
const times = new Map<string, number>();

/** The same steps are taken for every event that is told: more often than this they are no points of their own. */
const mostMarks = 2;

function pass(what: string, side: 'before' | 'after', most = Number.POSITIVE_INFINITY): void {
  const time = (times.get(`${what} ${side}`) ?? 0) + 1;
  times.set(`${what} ${side}`, time);
  if (time > most) return;
  const point = `${what} ${side} ${time}`;
  // At once: a line that is only queued would die with the process.
  writeSync(1, `crash point: ${point}\n`);
  if (point === crashAt) process.kill(process.pid, 'SIGKILL');
}

async function between<T>(what: string, work: () => Promise<T>): Promise<T> {
  pass(what, 'before');
  const result = await work();
  pass(what, 'after');
  return result;
}

const create = Worker.create.bind(Worker);
Worker.create = async (options: WorkerOptions): Promise<Worker> =>
  await create({
    ...options,
    interceptors: {
      ...options.interceptors,
      activity: [
        () => ({
          inbound: {
            execute: async (input, next) => {
              const { activityType, workflowExecution } = activityInfo();
              // Cron work comes and goes by the clock.
              if (workflowExecution?.workflowId.startsWith('cron:')) return await next(input);
              return await between(activityType, () => next(input));
            },
          },
        }),
        ...(options.interceptors?.activity ?? []),
      ],
    },
  });

// What the relay does when it has claimed an event and has not marked it yet.
// oxlint-disable-next-line typescript/unbound-method -- both are called with the client that they are called on
const { start, getHandle } = WorkflowClient.prototype;
WorkflowClient.prototype.start = function (this: WorkflowClient, ...given: Parameters<typeof start>) {
  return between('start of the workflow', () => start.apply(this, given));
} as typeof start;
WorkflowClient.prototype.getHandle = function (this: WorkflowClient, ...given: Parameters<typeof getHandle>) {
  const handle = getHandle.apply(this, given);
  const signal = handle.signal.bind(handle);
  handle.signal = (...sent) => between('signal to the workflow', () => signal(...sent));
  return handle;
} as typeof getHandle;

// What a sender does between its claim of a message and the note of what came of it.
// oxlint-disable-next-line typescript/unbound-method -- it is called with the sender that it is called on
const { send } = Sender.prototype;
Sender.prototype.send = function (this: Sender, ...given: Parameters<typeof send>) {
  return between('message to an endpoint', () => send.apply(this, given));
};

// What a picture is drawn by has been given its task, and is at it.
// oxlint-disable-next-line typescript/unbound-method -- it is called with the process that it is called on
const { send: tell } = ChildProcess.prototype;
ChildProcess.prototype.send = function (this: ChildProcess, ...given: Parameters<typeof tell>) {
  const sent = tell.apply(this, given);
  pass('picture in work', 'after', mostMarks);
  return sent;
} as typeof tell;

// One half of a file is written.
// oxlint-disable-next-line typescript/unbound-method -- it is called with the storage that it is called on
const { put } = FolderStorage.prototype;
FolderStorage.prototype.put = function (this: FolderStorage, key, body, options) {
  return put.call(this, key, body instanceof Uint8Array ? inHalves(body) : body, options);
};

async function* inHalves(body: Uint8Array): AsyncIterable<Uint8Array> {
  const half = body.length >> 1;
  yield body.subarray(0, half);
  pass('half of a file', 'after', mostMarks);
  yield body.subarray(half);
}

// Any other consumer has done what it does with an event, and the relay is about to mark that; and what senders have noted
// is about to be committed. Started and signalled workflows have points above.
const marked = /^delete from (\w+)\.outbox_deliveries where consumer = \$1/;
const noted = /^update webhooks\.deliveries d\s+set claim = null/;
const others = ['workflow-starts', 'batch-signals', 'order-signals'];

function look(statement: unknown, values: unknown): void {
  const { text, values: own } =
    typeof statement === 'string' ? { text: statement, values } : (statement as pg.QueryConfig);
  const [, domain] = marked.exec(text) ?? [];
  const consumer = String((own as unknown[] | undefined)?.[0]);
  if (domain && !others.includes(consumer)) pass(`mark of ${domain} for ${consumer}`, 'before', mostMarks);
  if (noted.test(text)) pass('note of messages', 'before');
}

// The driver that connections are made of is MikroORM's own.
const driver = createRequire(import.meta.resolve('@mikro-orm/postgresql'))('pg') as typeof pg;
// oxlint-disable-next-line typescript/unbound-method -- it is called with the client that it is called on
const { query } = driver.Client.prototype;
driver.Client.prototype.query = function (this: pg.Client, ...given: [unknown, unknown]) {
  look(given[0], given[1]);
  return (query as (...all: unknown[]) => unknown).apply(this, given);
} as typeof query;
