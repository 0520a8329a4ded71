import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { readTable } from '../../platform/tabular/read.ts';
import { FingerprintSet } from './fingerprint-set.ts';
import { mappingSchema } from './mapping.ts';
import { previewTable, rowFingerprint } from './preview.ts';
import type { Preview, PreviewOptions } from './preview.ts';

async function previewOf(source: Readable | string, options: PreviewOptions = {}): Promise<Preview> {
  const table = await readTable(typeof source === 'string' ? Readable.from([Buffer.from(source)]) : source);
  return previewTable(table.rows, table.columns, { open: table.format === 'ndjson', ...options });
}

describe('Preview', () => {
  it('counts rows, duplicates, doubled keys and problems, and shows the first of each', async () => {
    const rows = [
      '1,Ada,Lovelace,x',
      '2,ADA ,"  lovelace",y',
      '2,Bob,Byron,z',
      '4,,,x',
      '5,short',
      '6,"a"b,c,d',
      ...Array.from({ length: 300 }, (_, i) => `${i + 7},Name ${i % 100},Test,`),
      ...Array.from({ length: 30 }, () => ',,,'),
    ];
    const preview = await previewOf(`id,first name,surname,note\n${rows.join('\n')}\n`);
    assert.equal(preview.rows, 336);
    assert.equal(preview.valid, 303);
    assert.equal(preview.duplicates, 201);
    assert.equal(preview.duplicate_keys, 1);
    assert.deepEqual(preview.unmapped_columns, ['note']);
    assert.deepEqual(
      preview.problems.map(({ code, count, examples }) => [
        code,
        count,
        examples.length,
        examples[0]?.row_no,
      ]),
      [
        ['search.mapping_nothing_to_search', 31, 20, 4],
        ['search.file_row_ragged', 1, 1, 5],
        ['search.file_row_quote', 1, 1, 6],
      ],
    );
    assert.equal(preview.sample.length, 10);
    assert.deepEqual(preview.sample[0], {
      row_no: 1,
      values: ['1', 'Ada', 'Lovelace', 'x'],
      mapped: { key: '1', fields: { given_name: 'Ada', surname: 'Lovelace', external_id: '1' } },
    });
    assert.equal(preview.sample[4]?.mapped, null);
  });

  it('uses the mapping that is given, and refuses one that does not fit', async () => {
    const mapping = mappingSchema.parse({ fields: { organisation: 'name' } });
    const preview = await previewOf('name,id\nAcme,1\nACME.,2\n', { mapping });
    assert.equal(preview.guess, null);
    assert.deepEqual([preview.rows, preview.duplicates, preview.unmapped_columns], [2, 1, ['id']]);
    const wrong = mappingSchema.parse({ fields: { organisation: 'nam' } });
    await assert.rejects(previewOf('name,id\nAcme,1\n', { mapping: wrong }), {
      code: 'search.mapping_invalid',
    });
  });

  it('shows the columns of a table in which it recognises nothing', async () => {
    const preview = await previewOf('foo,bar\n1,x\n');
    assert.deepEqual([preview.rows, preview.valid, preview.unmapped_columns], [1, 0, ['foo', 'bar']]);
    assert.equal(preview.problems[0]?.code, 'search.mapping_nothing_to_search');
  });

  it('follows NDJSON whose columns come up late', async () => {
    const lines = Array.from({ length: 150 }, (_, i) =>
      i < 120 ? { name: `N${i}` } : { name: 'N', email: 'x@y.example' },
    );
    const mapping = mappingSchema.parse({ fields: { full_name: 'name' }, emails: ['email'] });
    const preview = await previewOf(lines.map((line) => JSON.stringify(line)).join('\n'), { mapping });
    assert.deepEqual([preview.rows, preview.duplicates, preview.unmapped_columns], [150, 29, []]);
  });

  it('finds the equal rows of the messy real file', async () => {
    const path = join(import.meta.dirname, '../../data/dedupe_examples/csv_example_messy_input.csv');
    const preview = await previewOf(createReadStream(path));
    assert.equal(preview.rows, 3337);
    assert.equal(preview.duplicate_keys, 0);
    assert.equal(preview.valid, 3337);
    assert.ok(preview.duplicates > 500, String(preview.duplicates));
  });
});

describe('Fingerprints of rows', () => {
  it('are the same whatever the case, accents, spaces and order of lists', () => {
    assert.equal(
      rowFingerprint({ given_name: 'José', phones: ['+1 415', '2'], emails: ['A@b.c'], external_id: '1' }),
      rowFingerprint({ given_name: ' JOSE', phones: ['2', '+1415'], emails: ['a@B.C'] }),
    );
    assert.notEqual(rowFingerprint({ given_name: 'ada' }), rowFingerprint({ surname: 'ada' }));
  });

  it('are remembered exactly as a set would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 4000 }), (numbers) => {
        const prints = new FingerprintSet();
        const set = new Set<number>();
        for (const number of numbers) {
          assert.equal(prints.add(String(number)), !set.has(number));
          set.add(number);
        }
        assert.equal(prints.size, set.size);
      }),
      { numRuns: 30 },
    );
  });
});
