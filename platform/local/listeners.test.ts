import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { assertPortsFree } from './listeners.ts';
import { freePorts, isPortFree } from '../ports.ts';

describe('ports', () => {
  it('that are free are all different', async () => {
    const ports = await freePorts(20);
    assert.equal(new Set(ports).size, 20);
  });

  it('that are taken are named all at once, with who listens and how to choose others', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const [free = 0] = await freePorts(1);
      assert.equal(await isPortFree(port), false);
      await assert.rejects(
        assertPortsFree([
          { purpose: 'API', port, variable: 'PORT' },
          { purpose: 'PostgreSQL', port: free, variable: 'PERDURE_POSTGRES_PORT' },
        ]),
        ({ message }: Error) => {
          assert.ok(message.includes(`Port ${port} (API) is taken`));
          if (process.platform === 'linux') assert.ok(message.includes(`process ${process.pid} (`));
          assert.match(message, /Choose another: {2}PORT=\d+ npm start/);
          assert.ok(!message.includes(String(free)));
          return true;
        },
      );
    } finally {
      server.close();
    }
  });

  it('that are wanted twice are an error of their own', async () => {
    const [port = 0] = await freePorts(1);
    await assert.rejects(
      assertPortsFree([
        { purpose: 'API', port, variable: 'PORT' },
        { purpose: 'Temporal', port, variable: 'TEMPORAL_PORT' },
      ]),
      /wanted twice/,
    );
  });
});
