import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { neutralizeFormula } from './formula.ts';
import { readTable } from './read.ts';
import { TableWriter } from './write.ts';
import type { CellValue, TableWriterOptions } from './write.ts';

async function written(columns: string[], rows: CellValue[][], options: TableWriterOptions): Promise<string> {
  const out = new PassThrough();
  const all = buffer(out);
  const writer = new TableWriter(out, columns, options);
  await writer.write(rows);
  await writer.finish();
  out.end();
  // Not text(): it drops a byte order mark.
  return (await all).toString('utf8');
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .map((part) => part.replaceAll('\0', ''));
const cell = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.stringMatching(/^[a ",;\t\r\n|:'=+\-{}ü\u{1F600}]{0,12}$/u),
    fc.constant(''),
  )
  .map((part) => part.replaceAll('\0', ''));

const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.record({
    columns: fc
      .uniqueArray(name, { minLength: width, maxLength: width })
      .map((names) => names.map((part, i) => `c${i}${part.trim()}`)),
    rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 30 }),
    cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
  }),
);

function* cutUp(bytes: Buffer, cuts: number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = cuts[i % cuts.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe('Table writer', () => {
  it('writes CSV that the reader gives back, for any text, delimiter and encoding, however it is cut', async () => {
    const delimiter = fc.constantFrom(',', ';', '\t', '|');
    const encoding = fc.constantFrom('utf-8', 'utf-8 with mark', 'utf-16le with mark');
    await fc.assert(
      fc.asyncProperty(table, delimiter, encoding, async ({ columns, rows, cuts }, comma, as) => {
        const csv = await written(columns, rows, {
          format: 'csv',
          delimiter: comma,
          neutralizeFormulas: false,
        });
        const marked = as.endsWith('mark') ? `\ufeff${csv}` : csv;
        const bytes = Buffer.from(marked, as.startsWith('utf-16') ? 'utf16le' : 'utf8');
        const read = await readTable(Readable.from(cutUp(bytes, cuts)), {
          format: 'csv',
          delimiter: comma,
          header: 'present',
          ...(as === 'utf-8' && { encoding: 'utf-8' }),
        });
        assert.deepEqual(read.columns, columns);
        const back: string[][] = [];
        for await (const row of read.rows) {
          assert.equal(row.error, undefined);
          back.push(row.values);
        }
        assert.deepEqual(back, rows);
      }),
      { numRuns: 300 },
    );
  });

  it('writes NDJSON that the reader gives back', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows, cuts }) => {
        const lines = await written(columns, rows, { format: 'ndjson' });
        const read = await readTable(Readable.from(cutUp(Buffer.from(lines), cuts)), { encoding: 'utf-8' });
        const back: string[][] = [];
        for await (const row of read.rows) back.push(row.values);
        assert.deepEqual(read.columns, columns);
        assert.deepEqual(back, rows);
      }),
      { numRuns: 200 },
    );
  });

  it('writes CRLF, quotes only where needed, numbers and nothing for null', async () => {
    const rows = [
      ['a,b', 1.5, null],
      ['say "hi"', true, ' x'],
    ];
    assert.equal(
      await written(['n', 'v', 'w'], rows, { format: 'csv', byteOrderMark: true }),
      '\ufeffn,v,w\r\n"a,b",1.5,\r\n"say ""hi""",true," x"\r\n',
    );
    assert.equal(
      await written(['b', '1', '__proto__'], [['x', 2, null]], { format: 'ndjson' }),
      '{"b":"x","1":2,"__proto__":null}\n',
    );
    assert.equal(await written(['only'], [[''], [null]], { format: 'csv' }), 'only\r\n""\r\n""\r\n');
  });

  it('names the columns of a table without rows', async () => {
    assert.equal(await written(['a', 'b'], [], { format: 'csv' }), 'a,b\r\n');
  });

  it('neutralises formulas in cells and column names, and leaves numbers and phone numbers alone', async () => {
    const formulas = [
      '=1+1',
      "=cmd|' /C calc'!A0",
      '+1+1',
      '-2+3+cmd',
      '@SUM(1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '＝1',
      '-a',
      '+',
      '-',
      '--1',
      '+(1)*2',
      '-1-1-',
      '+1x',
    ];
    for (const value of formulas) assert.equal(neutralizeFormula(value), `'${value}`);
    const values = [
      '-5',
      '+3.25',
      '-1,234.5',
      '-1e-9',
      '+12%',
      '+14155550100',
      '+49 (30) 1234-567',
      '+1 415.555.0100',
      'a=b',
      '',
      '7',
      "'x",
    ];
    for (const value of values) assert.equal(neutralizeFormula(value), value);
    assert.equal(await written(['=x'], [['=1']], { format: 'csv' }), "'=x\r\n'=1\r\n");
    assert.equal(await written(['=x'], [['=1']], { format: 'ndjson' }), '{"=x":"=1"}\n');
  });

  it('waits for a slow reader', async () => {
    let most = 0;
    const out: Writable = new Writable({
      highWaterMark: 1000,
      write: (_chunk, _encoding, done) => {
        most = Math.max(most, out.writableLength);
        setImmediate(done);
      },
    });
    const writer = new TableWriter(out, ['a'], { format: 'csv' });
    for (let i = 0; i < 200; i += 1) await writer.write([['x'.repeat(500)]]);
    assert.ok(most < 3000, String(most));
    assert.equal(writer.rows, 200);
  });

  it('ends with the error of a stream that breaks or is closed while it waits', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    const writer = new TableWriter(broken, ['a'], { format: 'csv' });
    await assert.rejects(async () => {
      for (let i = 0; i < 10; i += 1) await writer.write([['x'.repeat(100_000)]]);
    }, /disk full/);
    const stuck = new Writable({ write: () => setImmediate(() => stuck.destroy()) });
    const other = new TableWriter(stuck, ['a'], { format: 'csv' });
    await assert.rejects(other.write([['x'.repeat(100_000)]]), /closed before/);
  });
});
