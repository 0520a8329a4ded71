import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Registry } from 'prom-client';
import { checkReadiness, closeServer, startOpsServer } from './ops-server.ts';

describe('the server for operators', () => {
  it('answers although the figures cannot be made, and is unready when a part is down', async () => {
    const registry = new Registry();
    registry.metrics = () => Promise.reject(new Error('no figures'));
    const down = () => Promise.reject(new Error('down'));
    const server = await startOpsServer({ host: '127.0.0.1', port: 0 }, registry, { database: down });
    try {
      const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
      assert.equal(await status('/metrics'), 500);
      assert.equal(await status('/ready'), 503);
      assert.equal(await status('/healthz'), 200);
    } finally {
      await server.close();
    }
  });

  it('is ready without a part that it can do its work without', async () => {
    const up = () => Promise.resolve();
    const down = () => Promise.reject(new Error('down'));
    assert.deepEqual(await checkReadiness({ database: up }, { temporal: down }), {
      ready: true,
      parts: { database: 'up', temporal: 'down' },
    });
  });
});

describe('closing a server', () => {
  it('lets a request in flight finish, does not wait for the connection it came on, and breaks off who never ends', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      if (request.url === '/slow') asked.resolve(response);
      else response.write('for ever');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ask = (path: string): Socket => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
      return socket;
    };
    const endless = ask('/endless');
    const slow = ask('/slow');
    try {
      let heard = '';
      slow.on('data', (data: Buffer) => (heard += data.toString()));
      await once(endless, 'data');
      const response = await asked.promise;
      const closing = closeServer(server, 500);
      response.end('finished');
      await once(slow, 'close');
      assert.match(heard, /finished/);
      endless.resume();
      await once(endless, 'close');
      await closing;
    } finally {
      slow.destroy();
      endless.destroy();
    }
  });
});
