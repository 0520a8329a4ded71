import type { ExportedFile } from '../exported-file.ts';

const organisation = ['organisation'] as const;
/** Rows that may speak of a person are looked through for one too. */
const alsoPerson = ['organisation', 'person'] as const;

const byId = (table: string) => [{ of: `${table}.id`, type: 'uuid' }] as const;

/** What search gives to an export. What a set no longer shows, as it was replaced or deleted, is on its way out. */
export const searchExport: readonly ExportedFile[] = [
  {
    name: 'settings',
    about: 'The settings of searches.',
    kinds: organisation,
    select: 's.currency, s.cache_ttl_seconds, s.version, s.updated_at',
    from: 'from search.settings s where s.tenant_id = $1',
    key: [{ of: 's.tenant_id', type: 'uuid' }],
  },
  {
    name: 'providers',
    about: 'The providers that are asked, without the values of their secrets.',
    kinds: organisation,
    select: `p.id, p.name, p.kind, p.place, p.enabled, p.search_kinds, p.cost_per_call_micros, p.cost_per_hit_micros,
      p.budget_day_micros, p.budget_month_micros, p.timeout_ms, p.rate_per_second, p.rate_burst, p.concurrency,
      p.cache_ttl_seconds, p.breaker_failures, p.breaker_cooldown_ms, p.config, p.secret_names, p.version,
      p.created_at, p.updated_at`,
    from: 'from search.providers p where p.tenant_id = $1',
    key: byId('p'),
  },
  {
    name: 'record-sets',
    about: 'The record sets.',
    kinds: organisation,
    select: `coalesce(s.content_of, s.id) as id, s.name, s.person_count, s.household_count, s.member_count,
      s.identified_count, s.identity_count, s.version, s.created_by, s.created_at, s.updated_at`,
    from: 'from search.record_sets s where s.tenant_id = $1 and s.visible and s.deleted_at is null',
    key: byId('s'),
  },
  {
    name: 'people',
    about: 'The people of the record sets, with all that is known of them.',
    kinds: alsoPerson,
    select: `p.id, coalesce(s.content_of, s.id) as record_set_id, p.external_id, p.import_id, p.row_no as import_row,
      p.fields`,
    from: `from search.persons p join search.record_sets s on s.id = p.record_set_id
      where p.tenant_id = $1 and s.visible and s.deleted_at is null`,
    key: [{ of: 'p.person_no', type: 'bigint' }],
  },
  {
    name: 'imports',
    about: 'Imports into record sets.',
    kinds: organisation,
    select: `i.id, i.record_set_id, i.mode, i.phase as state, i.file->>'name' as file_name, (i.file->>'bytes')::bigint as file_bytes,
      i.mapping, i.columns, i.format, i.rows_total, i.rows_read, i.rows_imported, i.rows_rejected, i.problem,
      i.created_by, i.trace_id, i.created_at, i.finished_at, i.updated_at`,
    from: 'from search.imports i where i.tenant_id = $1',
    key: byId('i'),
  },
  {
    name: 'rejected-rows',
    about: 'Rows that imports have rejected, each with the reason.',
    kinds: alsoPerson,
    select: 'r.import_id, r.row_no as row, r.line, r.code, r.message, r.input',
    from: `from search.imports i cross join lateral (
        select r.* from search.import_rejects r
        where r.import_id = i.id and (r.import_id, r.row_no) > ($4::uuid, $5::integer) order by r.row_no limit $3) r
      where i.tenant_id = $1 and i.id >= $4::uuid`,
    key: [
      { of: 'i.id', type: 'uuid' },
      { of: 'r.row_no', type: 'integer' },
    ],
  },
  {
    name: 'batches',
    about: 'Batch searches.',
    kinds: organisation,
    select: `b.id, b.name, b.kind, b.phase, b.hold, b.run, b.version, b.file->>'name' as file_name,
      (b.file->>'bytes')::bigint as file_bytes, b.mapping, b.options, b.priority, b.concurrency, b.currency,
      b.budget_micros, b.cost_micros, b.columns, b.format, b.rows_total, b.rows_ingested, b.rows_found,
      b.rows_not_found, b.rows_failed, b.rows_skipped, b.rows_duplicate, b.waiting, b.problem,
      b.webhook->>'url' as webhook_url, b.webhook->>'state' as webhook_state, b.trace_id, b.created_by,
      b.created_at, b.started_at, b.finished_at, b.updated_at`,
    from: 'from search.batches b where b.tenant_id = $1',
    key: byId('b'),
  },
  {
    name: 'batch-rows',
    about: 'The rows of batch searches in the order of their files, each with what came of it.',
    kinds: alsoPerson,
    select: `r.batch_id, r.row_no as row, r.row_key as key, r.input, r.leader_row_no as same_as_row, d.status, d.code,
      d.message, d.score, d.cost_micros, r.paid_micros, d.search_id, d.cached, d.match, d.facts`,
    from: `from search.batches b cross join lateral (
        select r.* from search.batch_rows r
        where r.batch_id = b.id and (r.batch_id, r.row_no) > ($4::uuid, $5::integer) order by r.row_no limit $3) r
      left join search.batch_results d on d.batch_id = r.batch_id and d.row_no = r.row_no
      where b.tenant_id = $1 and b.id >= $4::uuid`,
    key: [
      { of: 'b.id', type: 'uuid' },
      { of: 'r.row_no', type: 'integer' },
    ],
  },
  {
    name: 'uploads',
    about: 'Files that were sent ahead and that nothing has used yet.',
    kinds: organisation,
    select: 'u.id, u.file_name, u.content_type, u.created_by, u.created_at, u.expires_at',
    from: 'from search.uploads u where u.tenant_id = $1 and u.used_by is null',
    key: byId('u'),
  },
  {
    name: 'searches',
    about: 'The log of searches: when, by whom, and whom they found, by their IDs.',
    kinds: alsoPerson,
    select: `s.id, s.user_id, s.source, s.kind, s.status, s.cached, s.cost_micros, s.currency, s.milliseconds, s.people,
      s.trace, s.problem, s.trace_id, s.performed_at`,
    from: 'from search.searches s where s.tenant_id = $1',
    key: [
      { of: 's.performed_at', type: 'timestamptz' },
      { of: 's.id', type: 'uuid' },
    ],
  },
  {
    name: 'charges',
    about: 'What calls of providers have cost.',
    kinds: organisation,
    select: `c.effect_key, c.provider_id, c.provider, c.source, c.user_id, c.state, c.outcome, c.calls, c.reserved_micros,
      c.amount_micros, c.currency, c.day, c.created_at, c.settled_at`,
    from: 'from search.charges c where c.tenant_id = $1',
    key: [
      { of: 'c.provider_id', type: 'uuid' },
      { of: 'c.created_at', type: 'timestamptz' },
      { of: 'c.effect_key', type: 'text' },
    ],
  },
  {
    name: 'statistics',
    about: 'Searches and calls in numbers, by day, user, provider and kind.',
    kinds: organisation,
    select: `s.day, s.user_id, s.provider, s.kind, s.asked, s.hits, s.misses, s.errors, s.others, s.cached, s.cost_micros,
      s.latency_values, s.latency_counts`,
    from: 'from search.statistics s where s.tenant_id = $1',
    key: [
      { of: 's.day', type: 'date' },
      { of: 's.user_id', type: 'uuid' },
      { of: 's.provider', type: 'text' },
      { of: 's.kind', type: 'text' },
    ],
  },
  {
    name: 'erasures',
    about: 'Persons that were forgotten: how much was found, never who.',
    kinds: organisation,
    select: 'e.id, e.state, e.report, e.created_by, e.created_at, e.finished_at',
    from: 'from search.erasures e where e.tenant_id = $1',
    key: byId('e'),
  },
];
