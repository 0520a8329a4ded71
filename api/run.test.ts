import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { parseKeyRing, SecretBox } from '../platform/crypto/secret-box.ts';
import { closeServer } from '../platform/ops-server.ts';
import { createLogger } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { testDatabase } from '../test/support/database.ts';
import { testEncryptionKeys } from '../test/support/encryption.ts';
import { createApp } from './app.ts';
import { OpenConnections } from './realtime/open-connections.ts';
import { route } from './route.ts';

describe('stopping the API', () => {
  it('breaks off streams of events at once', async () => {
    const db = await testDatabase({ of: [] });
    const stopping = new AbortController();
    const events = new PassThrough();
    const app = createApp({
      routes: [
        route({
          method: 'get',
          path: '/events',
          summary: 'Events',
          tag: 'Test',
          access: 'public',
          rate: 'system',
          responses: { 200: { description: 'Events.', mediaType: 'text/event-stream' } },
          handler: async () => ({
            status: 200,
            stream: { mediaType: 'text/event-stream', content: events },
          }),
        }),
      ],
      database: db.database,
      box: new SecretBox(parseKeyRing(testEncryptionKeys)),
      authenticator: { authenticate: async () => null },
      rateLimiter: { take: () => Promise.reject(new Error('Routes of the system have no limit.')) },
      log: createLogger('test', 'silent'),
      publicUrl: 'http://127.0.0.1',
      trustedProxies: 0,
      stopping: stopping.signal,
      connections: new OpenConnections({ ofUser: 1, ofProcess: 1 }, createMetrics('test')),
    });
    const answer = app.callback();
    const server = createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      events.write('data: 1\n\n');
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`);
      const reader = response.body?.getReader();
      await reader?.read();
      stopping.abort();
      await assert.rejects(reader?.read() ?? Promise.resolve());
      assert.ok(events.destroyed);
      await closeServer(server, 60_000);
    } finally {
      server.closeAllConnections();
      await db.close();
    }
  });
});
