import assert from 'node:assert/strict';
import type { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { workerConnection } from '../test/support/temporal.ts';
import { registerSearchAttributes } from './search-attributes.ts';

describe('the search attributes', () => {
  const log = pino({ level: 'silent' });

  it('may be registered by several workers at once', async () => {
    const connection = await workerConnection();
    await Promise.all([1, 2, 3].map(() => registerSearchAttributes(connection, 'default', log)));
  });

  it('stop no worker where only an administrator may register them', async () => {
    const failing = (code: number) =>
      ({
        operatorService: {
          listSearchAttributes: () =>
            Promise.reject(Object.assign(new Error('no'), { code, details: 'no', metadata: {} })),
        },
      }) as unknown as NativeConnection;
    await registerSearchAttributes(failing(7), 'default', log);
    await assert.rejects(registerSearchAttributes(failing(14), 'default', log));
  });
});
