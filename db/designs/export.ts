import type { ExportedFile } from '../exported-file.ts';

const kinds = ['organisation'] as const;
/** A document has up to 256 KiB. */
const documentsAtOnce = 100;

/** What designs gives to an export. The tokens of links are not kept; pictures can be drawn anew. */
export const designsExport: readonly ExportedFile[] = [
  {
    name: 'designs',
    about: 'Designs, also deleted ones that are still kept.',
    kinds,
    select: `d.id, d.name, d.tags, d.product_sku, d.version, d.revision, d.origin, d.created_by, d.ordered_at,
      d.deleted_at, d.created_at, d.updated_at`,
    from: 'from designs.designs d where d.tenant_id = $1',
    key: [{ of: 'd.id', type: 'uuid' }],
  },
  {
    name: 'versions',
    about: 'Every saved version of each design, with its document.',
    kinds,
    select: `v.design_id, v.number, v.document, v.content_hash, v.assets, v.made_from, v.frozen_at, v.created_by,
      v.created_at`,
    from: 'from designs.versions v where v.tenant_id = $1',
    key: [
      { of: 'v.design_id', type: 'uuid' },
      { of: 'v.number', type: 'integer' },
    ],
    rowsAtOnce: documentsAtOnce,
  },
  {
    name: 'ordered',
    about: 'Which lines of orders name which version.',
    kinds,
    select: 'o.line_id, o.order_id, o.design_id, o.version, o.created_at',
    from: 'from designs.ordered_lines o where o.tenant_id = $1',
    key: [{ of: 'o.line_id', type: 'uuid' }],
  },
  {
    name: 'shares',
    about: 'With whom of the organisation designs are shared.',
    kinds,
    select: 's.design_id, s.user_id, s.access, s.created_by, s.created_at',
    from: 'from designs.shares s where s.tenant_id = $1',
    key: [
      { of: 's.design_id', type: 'uuid' },
      { of: 's.user_id', type: 'uuid' },
    ],
  },
  {
    name: 'links',
    about: 'Links to designs, without their tokens.',
    kinds,
    select:
      'l.id, l.design_id, l.version, l.may_copy, l.expires_at, l.revoked_at, l.created_by, l.created_at',
    from: 'from designs.links l where l.tenant_id = $1',
    key: [{ of: 'l.id', type: 'uuid' }],
  },
  {
    name: 'presets',
    about: 'Presets of the organisation.',
    kinds,
    select: `p.id, p.category, p.name, p.description, p.document, p.assets, p.revision, p.created_by, p.created_at,
      p.updated_at`,
    from: 'from designs.presets p where p.tenant_id = $1',
    key: [{ of: 'p.id', type: 'uuid' }],
    rowsAtOnce: documentsAtOnce,
  },
  {
    name: 'assets',
    about: 'Images for designs; `file` is where each lies in this archive.',
    kinds,
    withFiles: true,
    select: `a.id, case when a.state = 'stored' then 'designs/asset-files/' || a.id || '.' || a.format end as file, a.state, a.name, a.format, a.width, a.height, a.bytes, a.sha256, a.left_out, a.made_of, a.object_key,
      a.created_by, a.created_at, a.deleted_at, a.replaced_at`,
    from: 'from designs.assets a where a.tenant_id = $1',
    key: [{ of: 'a.id', type: 'uuid' }],
  },
  {
    name: 'previews',
    about: 'Pictures that versions were drawn as.',
    kinds,
    select: `p.id, p.design_id, p.version, p.content_hash, p.rendering, p.sizes, p.state, p.run, p.files, p.failure,
      p.created_by, p.created_at, p.finished_at`,
    from: 'from designs.previews p where p.tenant_id = $1',
    key: [{ of: 'p.id', type: 'uuid' }],
  },
  {
    name: 'optimisations',
    about: 'Designs made smaller, and what that saved.',
    kinds,
    select: `o.id, o.design_id, o.version, o.quality, o.state, o.report, o.new_version, o.failure, o.created_by,
      o.created_at, o.finished_at`,
    from: 'from designs.optimisations o where o.tenant_id = $1',
    key: [{ of: 'o.id', type: 'uuid' }],
  },
];
