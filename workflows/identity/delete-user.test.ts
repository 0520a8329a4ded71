import { defaultPayloadConverter } from '@temporalio/common';
import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import { startIdentityApi, type IdentityApi, type LoggedIn } from '../../test/support/identity.ts';
import { temporalClient, temporalServer } from '../../test/support/temporal.ts';
import { until } from '../../test/support/until.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { identityQueue, userDeletionWorkflowId, type DeleteUserInput } from './messages.ts';

describe('deleting an account', () => {
  let api: IdentityApi;
  let workers: RunningWorkers;
  before(async () => {
    api = await startIdentityApi();
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, ['identity']);
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  const ask = (user: LoggedIn) =>
    api.client.as(user).post('/v1/users/me/deletion', { password: user.password });
  const rows = async (text: string, parameters: unknown[]) =>
    await api.services.database.read('identity', ({ sql }) => sql(text, parameters));

  /** The wish as its event tells it. */
  async function wishOf(user: LoggedIn): Promise<DeleteUserInput> {
    const [row] = await rows(
      `select data from identity.outbox where type = 'identity.user_deletion_requested' and subject = $1
       order by position desc`,
      [`user:${user.userId}`],
    );
    const data = row?.['data'] as { user_id: string; deletion_id: string; due_at: string };
    return { userId: data.user_id, deletionId: data.deletion_id, dueAt: data.due_at };
  }

  /** Runs the workflow of a wish on a clock that jumps over its timers. */
  async function runAhead(input: DeleteUserInput): Promise<unknown> {
    const client = await temporalClient();
    const workflowId = `${userDeletionWorkflowId(input.deletionId)}:ahead`;
    await client.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      workflowId,
      requestId: uuidv7(),
      workflowType: { name: 'deleteUser' },
      taskQueue: { name: identityQueue },
      input: { payloads: [defaultPayloadConverter.toPayload(input)] },
      timeSkippingConfig: { enabled: true },
    });
    return await client.workflow.getHandle(workflowId).result();
  }

  it('ends all access at once, and starts the workflow that waits for the end of the grace', async () => {
    const user = await api.register('leaving@example.com');
    const wrong = await api.client.as(user).post('/v1/users/me/deletion', { password: 'not it' });
    assert.equal(wrong.body.code, 'identity.password_wrong');
    const asked = await ask(user);
    assert.equal(asked.status, 202);
    assert.equal(asked.headers.get('location'), '/v1/users/me/deletion');
    const days = (Date.parse(asked.body.due_at) - Date.now()) / 1_000 / lifetimes.deletionGrace;
    assert.ok(days > 0.99 && days <= 1);
    assert.equal((await api.client.as(user).get('/v1/users/me')).status, 401);

    const client = await temporalClient();
    const { deletionId } = await wishOf(user);
    const handle = client.workflow.getHandle(userDeletionWorkflowId(deletionId));
    const description = await until(() => handle.describe());
    assert.equal(description.status.name, 'RUNNING');
    assert.equal((await api.mailbox.next(user.email)).subject, 'Your account will be deleted');
    await handle.terminate('the test is over');
  });

  it('erases what is personal after the grace, closes an organisation of nobody else, and tells it', async () => {
    const user = await api.register('gone@example.com');
    await ask(user);
    assert.equal(await runAhead(await wishOf(user)), 'erased');
    const [row] = await rows(`select * from identity.users where id = $1`, [user.userId]);
    assert.deepEqual(
      [row?.['email'], row?.['password_hash'], row?.['name'], row?.['profile']],
      [null, null, 'Deleted user', { kind: 'person' }],
    );
    const events = await rows(
      `select type from identity.outbox where tenant_id = $1 and type like '%.deleted' order by position`,
      [user.organisationId],
    );
    assert.deepEqual(
      events.map((event) => event['type']),
      ['user.deleted', 'organisation.deleted'],
    );
    assert.deepEqual(await rows(`select 1 from identity.sessions where user_id = $1`, [user.userId]), []);
    assert.equal((await api.logIn(user.email)).status, 401);
    // The address is free again.
    await api.mailbox.next(user.email);
    await api.register(user.email);
  });

  it('does nothing when the owner has taken it back', async () => {
    const user = await api.register('staying@example.com');
    await ask(user);
    const wish = await wishOf(user);
    const { body } = await api.logIn(user.email);
    const me = api.client.as({ authorization: `Bearer ${body.access_token}` });
    assert.equal((await me.get('/v1/users/me/deletion')).body.due_at, wish.dueAt);
    assert.equal((await me.delete('/v1/users/me/deletion')).status, 204);
    assert.equal((await me.get('/v1/users/me/deletion')).status, 404);
    assert.equal(await runAhead(wish), 'taken_back');
    assert.equal((await me.get('/v1/users/me')).status, 200);
  });

  it('is refused to the only owner of an organisation with other members', async () => {
    const user = await api.register('needed@example.com');
    const admin = await api.user(user.organisationId, 'admin');
    const refused = await ask(user);
    assert.deepEqual([refused.status, refused.body.code], [409, 'identity.last_owner']);
    await api.client.as(user).patch(`/v1/members/${admin.userId}`, { role: 'owner' });
    assert.equal((await ask(user)).status, 202);
  });
});
