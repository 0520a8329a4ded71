import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import Router from '@koa/router';
import Koa from 'koa';
import { Pool } from 'pg';

/**
 * Bare Koa: a route with one INSERT, one that verifies an HMAC before, and one with one SELECT, and nothing else; and two that make as many statements as ours do
 * for a batch and for a cached search, to tell what of the difference they are. Prints its address.
 */
const [url] = process.argv.slice(2);
const pool = new Pool({ connectionString: url, max: 20 });
await pool.query(`create table if not exists notes (
  id bigint generated always as identity primary key, body jsonb not null, created_at timestamptz not null default now()
)`);
await pool.query(`insert into notes (body) values ('{"name": "the first"}')`);
const router = new Router();
router.post('/notes', async (ctx) => {
  const body = JSON.parse(await text(ctx.req));
  const { rows } = await pool.query('insert into notes (body) values ($1) returning id, created_at', [
    JSON.stringify(body),
  ]);
  ctx.status = 201;
  ctx.body = rows[0];
});
router.post('/webhooks', async (ctx) => {
  const body = await buffer(ctx.req);
  const expected = createHmac('sha256', 'the-secret-of-the-bench').update(body).digest();
  if (!timingSafeEqual(expected, Buffer.from(ctx.get('X-Shopify-Hmac-Sha256'), 'base64'))) ctx.throw(401);
  await insert(JSON.parse(body.toString()));
  ctx.body = { received: true };
});
router.get('/notes/:id', async (ctx) => {
  const { rows } = await pool.query('select id, body, created_at from notes where id = $1', [ctx.params.id]);
  ctx.body = rows[0];
});
router.post('/as-batch', async (ctx) => {
  const body = await text(ctx.req);
  await insert({ body });
  ctx.status = 202;
  ctx.body = { body };
});
router.post('/as-search', async (ctx) => {
  const body = JSON.parse(await text(ctx.req));
  await select();
  await insert(body);
  ctx.body = body;
});

function select() {
  const text = 'select id, body, created_at from notes where id = $1';
  return pool.query({ name: 'select', text, values: [1] });
}

function insert(body) {
  const text = 'insert into notes (body) values ($1) returning id, created_at';
  return pool.query({ name: 'insert', text, values: [JSON.stringify(body)] });
}

const server = new Koa().use(router.routes()).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
