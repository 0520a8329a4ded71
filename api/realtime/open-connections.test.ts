import assert from 'node:assert/strict';
import { createMetrics } from '../../platform/metrics.ts';
import { OpenConnections } from './open-connections.ts';

describe('The open connections of a process', () => {
  it('are so many of a user and so many in all, and a place is given back once', async () => {
    const metrics = createMetrics('test');
    const connections = new OpenConnections({ ofUser: 2, ofProcess: 3 }, metrics);
    const figures = async () =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((line) => /^perdure_(open_connections|connections_refused_total)\{/.test(line))
        .map((line) => line.replaceAll(/^perdure_|,service="test"/g, ''));
    const leave = connections.take('ann', 'stream');
    connections.take('ann', 'socket');
    const ofUser = { code: 'request.too_many_connections' };
    assert.throws(() => connections.take('ann', 'socket'), ofUser);
    const last = connections.take('bob', 'socket');
    assert.throws(
      () => connections.take('bob', 'stream'),
      ({ code, details }) =>
        code === 'service.too_many_connections' && details.retryAfter >= 5 && details.retryAfter <= 15,
    );
    assert.throws(() => connections.take('ann', 'socket'), ofUser, 'a full process hides nobody’s own limit');
    assert.deepEqual(await figures(), [
      'open_connections{kind="stream"} 1',
      'open_connections{kind="socket"} 2',
      'connections_refused_total{limit="user"} 2',
      'connections_refused_total{limit="process"} 1',
    ]);
    leave();
    leave();
    last();
    connections.take('ann', 'stream');
    connections.take('bob', 'stream');
    assert.throws(() => connections.take('bob', 'stream'), { code: 'service.too_many_connections' });
    assert.equal((await figures())[0], 'open_connections{kind="stream"} 2');
  });
});
