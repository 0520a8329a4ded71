import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { until } from '../../test/support/until.ts';
import { LingeringConnections, type LingeringLimits } from './lingering-close.ts';

interface Refusing {
  lingering: LingeringConnections;
  /** Connects, says how long its body will be, sends some of it, and waits until it has been refused. */
  refused: (client?: { allowHalfOpen?: boolean }) => Promise<{ client: Socket; server: Socket }>;
}

const bodyBytes = 4_194_304;

describe('Connections whose request is answered before its body is whole', () => {
  /** A server that refuses every body as soon as its head is there. */
  const refusing = async (
    limits: Partial<LingeringLimits> & { stopping?: AbortSignal },
    work: (parts: Refusing) => Promise<void>,
  ): Promise<void> => {
    const lingering = new LingeringConnections(limits);
    const server = createServer((request, response) => {
      response.writeHead(413, { Connection: 'close', 'Content-Length': 9 });
      lingering.closeAfterAnswer(request);
      response.end('too large');
    });
    const clients: Socket[] = [];
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const refused: Refusing['refused'] = async (options = {}) => {
      const accepted = once(server, 'connection');
      const answered = once(server, 'request');
      const client = connect({ port, host: '127.0.0.1', ...options });
      clients.push(client);
      client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${bodyBytes}\r\n\r\nbegin`);
      const [[socket]] = (await Promise.all([accepted, answered])) as [[Socket], unknown];
      await once(client, 'readable');
      return { client, server: socket };
    };
    try {
      await work({ lingering, refused });
    } finally {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
    }
  };
  /** In whichever way. */
  const isClosed = async (socket: Socket): Promise<void> => {
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  };

  it('give the answer to a client that sends all of its body before it reads', async () => {
    await refusing({}, async ({ lingering, refused }) => {
      const { client, server } = await refused();
      await new Promise((resolve) => client.write(Buffer.alloc(bodyBytes - 5), resolve));
      let heard = '';
      for await (const chunk of client) heard += String(chunk);
      assert.match(heard, /^HTTP\/1\.1 413 [^]*\r\n\r\ntoo large$/);
      await isClosed(server);
      assert.equal(lingering.count, 0);
    });
  });

  it('tell a client at once that nothing more comes', async () => {
    await refusing({}, async ({ refused }) => {
      const { client, server } = await refused();
      client.resume();
      await once(client, 'end');
      // It needs not send the rest.
      await isClosed(server);
    });
  });

  it('are closed after so many bytes that nobody wants', async () => {
    const bytes = 1_048_576;
    await refusing({ bytes }, async ({ refused }) => {
      const { client, server } = await refused({ allowHalfOpen: true });
      client.on('error', () => undefined);
      client.write(Buffer.alloc(bodyBytes - 5));
      await isClosed(server);
      assert.ok(server.bytesRead < bytes + 262_144, `${server.bytesRead} bytes were read`);
    });
  });

  it('are closed when nothing comes, and when what comes never ends', async () => {
    await refusing({ silentSeconds: 0.05 }, async ({ refused }) => {
      const { server } = await refused({ allowHalfOpen: true });
      await isClosed(server);
    });
    await refusing({ seconds: 0.2 }, async ({ refused }) => {
      const { client, server } = await refused({ allowHalfOpen: true });
      client.on('error', () => undefined);
      const trickle = setInterval(() => client.write('.'), 5);
      try {
        await isClosed(server);
      } finally {
        clearInterval(trickle);
      }
    });
  });

  it('are no more than so many at a time; others are closed at once', async () => {
    await refusing({ connections: 2 }, async ({ lingering, refused }) => {
      const [first, second] = [
        await refused({ allowHalfOpen: true }),
        await refused({ allowHalfOpen: true }),
      ];
      await until(() => lingering.count === 2);
      const third = await refused({ allowHalfOpen: true });
      await isClosed(third.server);
      assert.equal(lingering.count, 2);
      assert.ok(lingering.has(first.server) && lingering.has(second.server));
      first.client.destroy();
      await isClosed(first.server);
      await until(() => lingering.count === 1);
    });
  });

  it('do not keep a process that is told to stop', async () => {
    const stopping = new AbortController();
    await refusing({ stopping: stopping.signal, lastSeconds: 0.05 }, async ({ lingering, refused }) => {
      const before = await refused({ allowHalfOpen: true });
      await until(() => lingering.count === 1);
      stopping.abort();
      const after = await refused({ allowHalfOpen: true });
      await Promise.all([isClosed(before.server), isClosed(after.server)]);
    });
  });
});
