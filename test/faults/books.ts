import type { Domain } from '../../domain/domains.ts';

/**
 * What the rows of a domain must say, whatever has happened. Each is a query whose `$1` is the organisation.
 *
 * A domain whose processes are to be tried joins `booksOf`.
 */
export interface DomainBooks {
  domain: Domain;
  /** `id`: the workflows that must be running, but for those whose start is under way. */
  running?: string;
  /** `id`: what a running workflow may be named after. */
  known?: string;
  /** Of each process `id`, how much `work` is done of it, whether it is `busy`, and its `revision`. */
  standing?: string;
  /** What is not done yet and will be by itself, without a workflow that shows it. */
  pending?: string;
  /** One row of figures that must be zero, by what they count. */
  nothing?: string;
}

const search: DomainBooks = {
  domain: 'search',
  running: `
    select 'batch:' || id || case when run > 0 then ':retry:' || run else '' end as id from search.batches
    where tenant_id = $1 and finished_at is null
    union all select 'import:' || id from search.imports where tenant_id = $1 and finished_at is null`,
  known: `
    select id::text from search.batches where tenant_id = $1
    union all select id::text from search.imports where tenant_id = $1
    union all select id::text from search.erasures where tenant_id = $1`,
  standing: `
    select id, rows_ingested + rows_found + rows_not_found + rows_failed + rows_skipped as work, revision,
      finished_at is null and hold is distinct from 'pause' as busy
    from search.batches where tenant_id = $1
    union all select id, rows_read, revision, finished_at is null from search.imports where tenant_id = $1`,
  nothing: `
    select
      (select count(*)::int from search.charges where tenant_id = $1 and state = 'reserved') as "open charges",
      (select count(*)::int from search.batch_chunks c join search.batches b on b.id = c.batch_id
       where b.tenant_id = $1) as "ranges in hand",
      (select count(*)::int from (
         select b.id from search.batches b left join search.batch_results r on r.batch_id = b.id
         where b.tenant_id = $1 group by b.id
         having count(*) filter (where r.status = 'found') <> b.rows_found
           or count(*) filter (where r.status = 'not_found') <> b.rows_not_found
           or count(*) filter (where r.status = 'failed') <> b.rows_failed
           or count(*) filter (where r.status = 'skipped') <> b.rows_skipped
           or coalesce(sum(r.cost_micros), 0) <> b.cost_micros
       ) as off) as "batches whose counts are not those of their rows"`,
};

const orders: DomainBooks = {
  domain: 'orders',
  running: `select 'order:' || id as id from orders.orders where tenant_id = $1 and finished_at is null`,
  known: `
    select id::text from orders.orders where tenant_id = $1
    union all select id::text from orders.returns where tenant_id = $1
    union all select id::text from orders.payments where tenant_id = $1`,
  // What has left waits for its carrier.
  standing: `
    select id, revision::int as work, revision::int as revision,
      finished_at is null and status not in ('shipped', 'partially_delivered', 'on_hold') as busy
    from orders.orders where tenant_id = $1`,
  pending: `
    select id, state from orders.payments where tenant_id = $1 and state in ('reserved', 'unknown')`,
  nothing: `
    select
      (select count(*)::int from orders.reservations r join orders.orders o on o.id = r.order_id
       where o.tenant_id = $1 and o.status in ('cancelled', 'failed', 'timed_out')
         and r.shipped + r.released < r.quantity) as "stock held for orders that are undone",
      (select count(*)::int from orders.stock s where tenant_id = $1 and reserved <> (
         select coalesce(sum(r.quantity - r.shipped - r.released), 0) from orders.reservations r
         where r.tenant_id = $1 and r.stocked and r.sku = s.sku and r.location = s.location
       )) as "items of which another number is held than orders hold",
      (select count(*)::int from (
         select 1 from orders.outbox where tenant_id = $1 and type = 'order.created'
         group by subject having count(*) > 1) as twice) as "orders that were told of twice"`,
};

const webhooks: DomainBooks = {
  domain: 'webhooks',
  // A webhook is through within milliseconds, so that its workflow is seldom seen running.
  known: `
    select id::text from webhooks.inbound_events where tenant_id = $1
    union all select id::text from webhooks.recoveries where tenant_id = $1
    union all select id::text from webhooks.inbound_replays where tenant_id = $1`,
  standing: `
    select id, attempts as work, attempts as revision, state in ('received', 'retrying') as busy
    from webhooks.inbound_events where tenant_id = $1
    union all select message_id, count(*) filter (where state = 'delivered')::int, sum(attempts)::int, false
    from webhooks.deliveries where tenant_id = $1 group by message_id`,
  pending: `
    select id::text, state from webhooks.inbound_events
    where tenant_id = $1 and state in ('received', 'retrying', 'parked')
    union all select message_id::text, state from webhooks.deliveries where tenant_id = $1 and state = 'pending'`,
  nothing: `
    select
      (select count(*)::int from webhooks.deliveries where tenant_id = $1 and claim is not null and state <> 'pending')
        as "messages that are settled and claimed",
      (select count(*)::int from webhooks.deliveries d where tenant_id = $1 and state = 'delivered' and 1 <> (
         select count(*) from webhooks.attempts a
         where a.message_id = d.message_id and a.endpoint_id = d.endpoint_id and a.outcome = 'delivered'
       )) as "messages that were not settled once",
      (select count(*)::int from webhooks.inbound_events where tenant_id = $1 and state = 'dead') as "dead webhooks"`,
};

const identity: DomainBooks = {
  domain: 'identity',
  running: `
    select 'export:' || id as id from identity.exports where tenant_id = $1 and state in ('submitted', 'running')`,
  known: `select id::text from identity.exports where tenant_id = $1`,
  standing: `
    select id, 0 as work, 0 as revision, state in ('submitted', 'running') as busy
    from identity.exports where tenant_id = $1`,
};

const designs: DomainBooks = {
  domain: 'designs',
  running: `
    select 'preview:' || id || case when run > 0 then ':' || run else '' end as id from designs.previews
    where tenant_id = $1 and state = 'requested'
    union all select 'optimisation:' || id from designs.optimisations where tenant_id = $1 and state = 'requested'`,
  known: `
    select id::text from designs.previews where tenant_id = $1
    union all select id::text from designs.optimisations where tenant_id = $1`,
  standing: `
    select id, 0 as work, 0 as revision, state = 'requested' as busy from designs.previews where tenant_id = $1
    union all select id, 0, 0, state = 'requested' from designs.optimisations where tenant_id = $1`,
};

export const booksOf: readonly DomainBooks[] = [
  identity,
  search,
  orders,
  webhooks,
  { domain: 'notifications' },
  designs,
];
