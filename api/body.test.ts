import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import Koa from 'koa';
import { LingeringConnections } from '../platform/http/lingering-close.ts';
import { readJson } from './body.ts';
import { closeAfterEarlyAnswers } from './early-answers.ts';

describe('reading a JSON body', () => {
  it('gives up on one that trickles in for ever', async () => {
    const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
    const app = new Koa().use(closeAfterEarlyAnswers(new LingeringConnections()));
    app.use(async (ctx) => {
      await readJson(ctx, 0.1).then(resolve, resolve);
      ctx.body = 'done';
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      socket.write(
        'POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      );
      assert.equal(((await outcome) as { code: string }).code, 'request.timeout');
      // The rest never comes, so the connection is of no use any more.
      socket.resume();
      await once(socket, 'close');
    } finally {
      socket.destroy();
      server.closeAllConnections();
      server.close();
    }
  });
});
