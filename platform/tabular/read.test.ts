import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { Failure } from '../../domain/failure.ts';
import { readTable } from './read.ts';
import type { ReadTableOptions } from './read.ts';
import type { Table, TableRow } from './table.ts';

const MiB = 1024 ** 2;

type Content = string | Buffer;

function sourceOf(content: Content, cut = 65_536): Readable {
  const bytes = Buffer.from(content);
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    })(),
  );
}

async function readAll(
  content: Content | Readable,
  options: ReadTableOptions = {},
): Promise<{ table: Table; rows: TableRow[] }> {
  return await rowsOf(await readTable(content instanceof Readable ? content : sourceOf(content), options));
}

async function rowsOf(table: Table): Promise<{ table: Table; rows: TableRow[] }> {
  const rows: TableRow[] = [];
  for await (const row of table.rows) rows.push(row);
  return { table, rows };
}

async function valuesOf(content: Content, options: ReadTableOptions = {}): Promise<string[][]> {
  return (await readAll(content, options)).rows.map((row) => {
    assert.equal(row.error, undefined, row.error?.message);
    return row.values;
  });
}

async function failureOf(content: Content | Readable, options: ReadTableOptions = {}): Promise<Failure> {
  let failure: unknown;
  await assert.rejects(readAll(content, options), (error) => {
    failure = error;
    return true;
  });
  return failure as Failure;
}

/** Rows made as they are read, so that the test itself holds nothing. */
function endless(line: (i: number) => string, rows: number, header = 'id,name,mail\n'): Readable {
  return Readable.from(
    (function* () {
      yield Buffer.from(header);
      for (let i = 0; i < rows; i += 1000) {
        yield Buffer.from(Array.from({ length: Math.min(1000, rows - i) }, (_, j) => line(i + j)).join(''));
      }
    })(),
  );
}

describe('Table reader: CSV', () => {
  it('reads rows with their numbers and lines, over quoted line breaks and blank lines', async () => {
    const { table, rows } = await readAll(
      'name,note\r\nAda,"two\r\nlines ""quoted"""\r\n\r\n  \r\nBob,\n"C, D",x',
    );
    assert.deepEqual(
      [table.format, table.delimiter, table.encoding, table.compression],
      ['csv', ',', 'utf-8', 'none'],
    );
    assert.deepEqual(table.columns, ['name', 'note']);
    assert.deepEqual(rows, [
      { rowNo: 1, line: 2, values: ['Ada', 'two\r\nlines "quoted"'] },
      { rowNo: 2, line: 6, values: ['Bob', ''] },
      { rowNo: 3, line: 7, values: ['C, D', 'x'] },
    ]);
  });

  it('reads any delimiter and any line break', async () => {
    for (const delimiter of [',', ';', '\t', '|', ':']) {
      for (const lineBreak of ['\n', '\r\n', '\r']) {
        const lines = [
          ['name', 'city'],
          ['Ada', '"Lon\rdon"'],
          ['Bob', 'Paris'],
        ];
        const content = lines.map((cells) => cells.join(delimiter)).join(lineBreak);
        const { table, rows } = await readAll(content);
        assert.equal(table.delimiter, delimiter);
        assert.deepEqual(
          rows.map((row) => [row.line, ...row.values]),
          [
            [2, 'Ada', 'Lon\rdon'],
            [4, 'Bob', 'Paris'],
          ],
        );
      }
    }
  });

  it('guesses the delimiter by agreement over the rows, not by count', async () => {
    const content = 'name;address;born\n"Smith; J";1, High St, Leeds;12:30\nBob;2, Low St, York;11:00\n';
    assert.deepEqual(await valuesOf(content), [
      ['Smith; J', '1, High St, Leeds', '12:30'],
      ['Bob', '2, Low St, York', '11:00'],
    ]);
    assert.deepEqual(await valuesOf('url\nhttp://a.example:80\n'), [['http://a.example:80']]);
    assert.deepEqual(await valuesOf('sep=|\r\na|b,c\r\n1|2,3\r\n'), [['1', '2,3']]);
  });

  it('takes spaces after the delimiters of header and rows for layout, and says so', async () => {
    const { table, rows } = await readAll('id, given_name, note\n1, ada, "a, b"\n2, , x\n');
    assert.deepEqual(table.columns, ['id', 'given_name', 'note']);
    assert.deepEqual(
      rows.map((row) => row.values),
      [
        ['1', 'ada', 'a, b'],
        ['2', '', 'x'],
      ],
    );
    assert.deepEqual(
      table.notices.map((notice) => notice.code),
      ['spaces_dropped'],
    );
    assert.deepEqual(await valuesOf('id,name\n1, ada\n'), [['1', ' ada']]);
  });

  it('reads a file that is in memory as it reads one that comes in', async () => {
    const header = 'id,name\n';
    const row = (bytes: number): string => `1,${'é'.repeat((bytes - 4) / 2)}\n`;
    const files = [65_536, 65_537, 131_072, 200_001].map((bytes) => {
      const rows = row(30_000).repeat(Math.floor((bytes - header.length) / 30_000));
      const text = Buffer.from(header + rows);
      return Buffer.concat([text, Buffer.alloc(bytes - text.length, 'x')]);
    });
    for (const file of [Buffer.from('id;name\n1;a\n'), ...files, ...files.map((one) => gzipSync(one))]) {
      const streamed = await readAll(file);
      const atHand = await rowsOf(await readTable(file));
      assert.deepEqual(atHand.rows, streamed.rows);
      assert.ok(atHand.rows.length > 0);
      for (const name of ['format', 'compression', 'encoding', 'delimiter', 'columns', 'notices'] as const)
        assert.deepEqual(atHand.table[name], streamed.table[name], name);
      assert.equal(atHand.table.bytesRead(), file.length);
    }
    await assert.rejects(readTable(Buffer.alloc(0)), { code: 'search.file_empty' });
    const tooLarge = readTable(Buffer.from('a,b\n1,2\n'), { limits: { maxBytes: 5 } });
    await assert.rejects(tooLarge, { code: 'search.file_too_large' });
  });

  it('puts the faults of a row on the row and goes on', async () => {
    const content = 'a,b\n1\n1,2,3\n1,2,\n"x"y,2\n5" pipe,2\n\0,2\n1,2\n';
    const { rows } = await readAll(`a,b\n${'ok,ok\n'.repeat(20_000)}${content.slice(4)}`);
    assert.deepEqual(
      rows.slice(20_000).map((row) => [row.line - 20_001, row.error?.code ?? row.values]),
      [
        [1, 'search.file_row_ragged'],
        [2, 'search.file_row_ragged'],
        [3, ['1', '2']],
        [4, 'search.file_row_quote'],
        [5, ['5" pipe', '2']],
        [6, 'search.file_row_text'],
        [7, ['1', '2']],
      ],
    );
  });

  it('reads past a row of 10 MB, in quotes or not, with the rows and lines after it right', async () => {
    const long = 'x'.repeat(10 * MiB);
    const content = `a,b\n1,2\n${long},2\n3,4\n"${'y\r\n""'.repeat(2 * MiB)}",5\r\n6,7\n`;
    const { rows } = await readAll(content);
    assert.deepEqual(
      rows.map((row) => [row.rowNo, row.line, row.error?.code ?? row.values]),
      [
        [1, 2, ['1', '2']],
        [2, 3, 'search.file_row_too_long'],
        [3, 4, ['3', '4']],
        [4, 5, 'search.file_row_too_long'],
        [5, 6 + 2 * MiB, ['6', '7']],
      ],
    );
    const atEnd = await readAll(`a,b\n1,2\n${long}`);
    assert.deepEqual(
      atEnd.rows.map((row) => row.error?.code),
      [undefined, 'search.file_row_too_long'],
    );
  });

  it('gives up a file whose row does not end, and one that ends inside quotes', async () => {
    const limits = { maxSkipped: 3 * MiB };
    const open = await failureOf(`a,b\n1,2\n"${'x,\n'.repeat(2 * MiB)}`, { limits });
    assert.equal(open.code, 'search.file_record_too_long');
    assert.match(open.message, /line 3 .*quote/);
    for (const content of ['a,b\n1,"2', 'a,b\n1,"2""', `a,b\n1,2\n"${'x'.repeat(2 * MiB)}`]) {
      assert.equal((await failureOf(content, { limits })).code, 'search.file_truncated');
    }
  });

  it('refuses a header that is missing, doubled or blank, and names each fault', async () => {
    const doubled = await failureOf('Name,Phone,,Phone\n1,2,3,4\n');
    assert.equal(doubled.code, 'search.file_header');
    assert.deepEqual(doubled.details.issues, [
      { pointer: '/columns/2', message: 'Column 3 has no name.' },
      { pointer: '/columns/3', message: 'Column 4 has the same name as column 2.' },
    ]);
    const { table } = await readAll('Name,Phone,,Phone\n1,2,3,4\n', { headerProblems: 'rename' });
    assert.deepEqual(table.columns, ['Name', 'Phone', 'column_3', 'Phone (2)']);
    for (const content of [
      'Ada,ada@example.com\nBob,bob@example.com\n',
      '1,Ada,+1 415\n2,Bob,+1 416\n',
      ',,\n1,2,3\n',
    ]) {
      assert.equal((await failureOf(content)).code, 'search.file_header');
    }
    assert.deepEqual((await readAll('2019,2020\n1,2\n', { header: 'present' })).table.columns, [
      '2019',
      '2020',
    ]);
    const none = await readAll('Ada,ada@example.com\nBob,\n', { header: 'absent' });
    assert.deepEqual(none.table.columns, ['column_1', 'column_2']);
    assert.deepEqual(none.rows[0], { rowNo: 1, line: 1, values: ['Ada', 'ada@example.com'] });
  });

  it('reads the same as csv-parse does, however the file is cut', async () => {
    const text = fc.stringMatching(/^[ab,;"\n\r üé\u{1F600}]{0,30}$/u);
    const row = fc.array(text, { minLength: 3, maxLength: 3 });
    const quoted = (cell: string): string =>
      /[",\n\r]|^ | $/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 20 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 7 }),
      async (rows, lineBreak, cut) => {
        const content = ['a,b,c', ...rows.map((cells) => cells.map(quoted).join(','))].join(lineBreak);
        const expected = parse(content, { from: 2, skip_empty_lines: true });
        const { rows: found } = await readAll(sourceOf(content, cut), { delimiter: ',', encoding: 'utf-8' });
        assert.deepEqual(
          found.map(({ values }) => values),
          expected,
        );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('Table reader: NDJSON', () => {
  it('reads objects, names what is nested by pointer, and keeps every digit', async () => {
    const { table, rows } = await readAll(
      '{"id":12345678901234567890,"name":"Ada","ok":true,"none":null}\r\n\n' +
        '{"name":"Bob","address":{"city":"Leeds","a/b":{"x":1.50}},"phones":["1","2"],"/odd":"y","empty":{}}\n',
    );
    assert.equal(table.format, 'ndjson');
    assert.deepEqual(table.columns, [
      'id',
      'name',
      'ok',
      '/address/city',
      '/address/a~1b/x',
      '/phones/0',
      '/phones/1',
      '/~1odd',
    ]);
    assert.deepEqual(rows, [
      { rowNo: 1, line: 1, values: ['12345678901234567890', 'Ada', 'true'] },
      { rowNo: 2, line: 3, values: ['', 'Bob', '', 'Leeds', '1.50', '1', '2', 'y'] },
    ]);
  });

  it('puts the faults of a line on its row and goes on', async () => {
    const deep = `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`;
    const lines = [
      '{"a":1}',
      '{"a":}',
      '[1]',
      '"x"',
      deep,
      '{"a":"\\u0000"}',
      '{"a":"\\ud800"}',
      `{"a":"${'x'.repeat(10 * MiB)}"}`,
      '{"a":2}',
    ];
    const { rows } = await readAll(`${lines.join('\n')}\n`);
    assert.deepEqual(
      rows.map((row) => [row.line, row.error?.code ?? row.values]),
      [
        [1, ['1']],
        [2, 'search.file_row_json'],
        [3, 'search.file_row_json'],
        [4, 'search.file_row_json'],
        [5, 'search.file_row_nested'],
        [6, 'search.file_row_text'],
        [7, 'search.file_row_text'],
        [8, 'search.file_row_too_long'],
        [9, ['2']],
      ],
    );
  });

  it('does not fall for __proto__, nor for ever more columns', async () => {
    const { table, rows } = await readAll('{"__proto__":"x","constructor":"y"}\n');
    assert.deepEqual(
      [table.columns, rows[0]?.values],
      [
        ['__proto__', 'constructor'],
        ['x', 'y'],
      ],
    );
    const lines = Array.from({ length: 30 }, (_, i) => `{"k${i}":1}\n`).join('');
    const limited = await readAll(lines, { limits: { maxColumns: 10 } });
    assert.equal(limited.table.columns.length, 10);
    assert.equal(limited.rows[10]?.error?.code, 'search.file_row_too_many_columns');
    assert.equal(limited.rows[29]?.error?.code, 'search.file_row_too_many_columns');
  });

  it('refuses an array, an indented object, and a file that ends inside a line', async () => {
    assert.match((await failureOf('[{"a":1},{"a":2}]')).message, /one object a line/);
    assert.equal((await failureOf('{\n  "a": 1\n}\n')).code, 'search.file_format');
    assert.equal((await failureOf('<!DOCTYPE html><html>')).code, 'search.file_format');
    assert.equal((await failureOf('{"a":1}\n{"a":"x')).code, 'search.file_truncated');
    assert.deepEqual(await valuesOf('{"a":1}\n{"a":2}'), [['1'], ['2']]);
  });
});

describe('Table reader: encodings', () => {
  const content = 'name,city\nJürgen,Łódź\nОльга,東京\n😀,x\n';
  const expected = [
    ['Jürgen', 'Łódź'],
    ['Ольга', '東京'],
    ['😀', 'x'],
  ];

  it('reads UTF-8 and UTF-16 of both orders, with and without a mark, cut anywhere', async () => {
    const utf16le = Buffer.from(content, 'utf16le');
    const forms: [Buffer, string][] = [
      [Buffer.from(content), 'utf-8'],
      [Buffer.from(`\ufeff${content}`), 'utf-8'],
      [utf16le, 'utf-16le'],
      [Buffer.from(`\ufeff${content}`, 'utf16le'), 'utf-16le'],
      [Buffer.from(utf16le).swap16(), 'utf-16be'],
      [Buffer.from(`\ufeff${content}`, 'utf16le').swap16(), 'utf-16be'],
    ];
    for (const [bytes, encoding] of forms) {
      for (const cut of [1, 3, 65_536]) {
        const { table, rows } = await readAll(sourceOf(bytes, cut));
        assert.equal(table.encoding, encoding);
        assert.deepEqual(
          rows.map((row) => row.values),
          expected,
        );
      }
    }
  });

  it('joins characters that the boundary of a block splits', async () => {
    for (let shift = 0; shift < 8; shift += 1) {
      const long = `name,city\n${'x'.repeat(shift)},${'😀é'.repeat(40_000)}\n`;
      for (const encoding of ['utf8', 'utf16le'] as const) {
        const [row] = await valuesOf(Buffer.from(long, encoding), { limits: { maxCell: 200_000 } });
        assert.equal(row?.[1], '😀é'.repeat(40_000));
      }
    }
  });

  it('reads what is not UTF-8 as Windows-1252 and says so, also when that shows late', async () => {
    const bytes = Buffer.from('name,city\nJ\xfcrgen,\x80uro\n', 'latin1');
    const { table, rows } = await readAll(bytes);
    assert.deepEqual(rows[0]?.values, ['Jürgen', '€uro']);
    assert.equal(table.encoding, 'windows-1252');
    assert.deepEqual(
      table.notices.map((notice) => notice.code),
      ['encoding_assumed'],
    );

    const late = await readAll(Buffer.concat([Buffer.from(`name,city\n${'a,b\n'.repeat(50_000)}`), bytes]));
    assert.deepEqual(late.rows.at(-1)?.values, ['Jürgen', '€uro']);
    assert.equal(late.table.encoding, 'windows-1252');
  });

  it('names the byte at which UTF-8 is broken', async () => {
    const good = Buffer.from(`name,city\nJürgen,é\n${'a,b\n'.repeat(50_000)}`);
    const failure = await failureOf(Buffer.concat([good, Buffer.from([0x61, 0xff, 0x0a])]));
    assert.equal(failure.code, 'search.file_encoding');
    assert.deepEqual(failure.details, { encoding: 'utf-8', byte: good.length + 1 });
    const forced = await failureOf(Buffer.from('name\nJ\xfcrgen\n', 'latin1'), { encoding: 'UTF8' });
    assert.equal(forced.details['byte'], 6);
    const cut = await failureOf(Buffer.from('name\nJürgen é').subarray(0, -1), { encoding: 'utf-8' });
    assert.equal(cut.details['byte'], 13);
  });

  it('names the byte at which UTF-16 is broken', async () => {
    const lone = Buffer.from('\ufeffa,b\n1,\ud800x\n', 'utf16le');
    assert.deepEqual((await failureOf(lone)).details, { encoding: 'utf-16le', byte: 14 });
    const odd = Buffer.from('\ufeffa,b\n1,2\n', 'utf16le').subarray(0, -1);
    assert.deepEqual((await failureOf(odd)).details, { encoding: 'utf-16le', byte: 16 });
  });

  it('reads the encoding that is asked for, and refuses one it does not know', async () => {
    const bytes = Buffer.from([...Buffer.from('name\n'), 0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    assert.deepEqual(await valuesOf(bytes, { encoding: 'windows-1251' }), [['Привет']]);
    assert.equal((await failureOf('a\n1', { encoding: 'ebcdic' })).code, 'search.file_encoding');
    assert.match((await failureOf(Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]))).message, /UTF-32/);
  });
});

describe('Table reader: compression and limits', () => {
  it('reads gzip, also of several members, cut anywhere', async () => {
    const parts = [gzipSync('a,b\n1,'), gzipSync('2\n'), gzipSync(''), gzipSync('3,4\n')];
    for (const cut of [1, 2, parts[0]?.length ?? 0, 65_536]) {
      const { table, rows } = await readAll(sourceOf(Buffer.concat(parts), cut));
      assert.equal(table.compression, 'gzip');
      assert.deepEqual(
        rows.map((row) => row.values),
        [
          ['1', '2'],
          ['3', '4'],
        ],
      );
      assert.equal(table.bytesRead(), Buffer.concat(parts).length);
    }
    assert.equal((await readAll(gzipSync('{"a":1}\n'))).table.format, 'ndjson');
  });

  it('tells gzip that is cut off, damaged, empty or doubled', async () => {
    const whole = gzipSync(
      `a,b\n${Array.from({ length: 50_000 }, (_, i) => `${i * 7919},x${i}\n`).join('')}`,
    );
    assert.equal((await failureOf(whole.subarray(0, -20))).code, 'search.file_truncated');
    assert.equal((await failureOf(whole.subarray(0, 9))).code, 'search.file_truncated');
    const damaged = Buffer.from(whole);
    damaged.fill(0xa5, 1000, 1100);
    assert.equal((await failureOf(damaged)).code, 'search.file_corrupt');
    assert.equal((await failureOf(gzipSync(''))).code, 'search.file_empty');
    assert.equal((await failureOf(gzipSync(gzipSync('a\n1\n')))).code, 'search.file_binary');
  });

  it('stops a zip bomb by its ratio, and any file by its length after decompression', async () => {
    const member = gzipSync(`a,b\n${`1,${'x'.repeat(998)}\n`.repeat(16 * 1024)}`);
    const bomb = await failureOf(Buffer.concat(Array.from({ length: 8 }, () => member)));
    assert.equal(bomb.code, 'search.file_zip_bomb');
    const large = await failureOf(member, { limits: { maxBytes: MiB } });
    assert.equal(large.code, 'search.file_too_large');
    assert.equal(
      (await failureOf(`a\n${'x\n'.repeat(1000)}`, { limits: { maxBytes: 1000 } })).code,
      'search.file_too_large',
    );
  });

  it('tells files that are empty or hold nothing', async () => {
    for (const content of [
      '',
      '\ufeff',
      ' \r\n\t\n',
      'a,b\n',
      'a,b',
      '\n'.repeat(100_000),
      Buffer.from('\ufeff', 'utf16le'),
    ]) {
      assert.equal(
        (await failureOf(content)).code,
        'search.file_empty',
        JSON.stringify(content).slice(0, 20),
      );
    }
    assert.deepEqual(await valuesOf(`${'\n'.repeat(100_000)}a,b\n1,2\n`), [['1', '2']]);
  });

  it('tells files that are no tables, and what to do', async () => {
    const workbook = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      Buffer.alloc(26),
      Buffer.from('[Content_Types].xml'),
    ]);
    const binary: [Content, RegExp][] = [
      [workbook, /Excel workbook.*export it as CSV/],
      [Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from('people.csv')]), /ZIP/],
      ['%PDF-1.7\n', /PDF/],
      [Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), /Excel/],
      ['a,b\n1,\0\n', /byte 6 is zero/],
      [Buffer.from([1, 2, 3, 4, 5, 6, 0xff, 0xfd]), /not a text file/],
      [Buffer.from(Uint16Array.from({ length: 500 }, (_, i) => i % 30).buffer), /not a text file/],
    ];
    for (const [content, message] of binary) {
      const failure = await failureOf(content);
      assert.equal(failure.code, 'search.file_binary');
      assert.match(failure.message, message);
    }
  });

  it('holds to the limits of rows, columns and cells', async () => {
    const rows: number[] = [];
    const table = await readTable(sourceOf('a\n1\n2\n3\n4\n'), { limits: { maxRows: 3 } });
    const reading = async (): Promise<void> => {
      for await (const row of table.rows) rows.push(row.rowNo);
    };
    await assert.rejects(reading(), { code: 'search.file_too_many_rows' });
    assert.deepEqual(rows, [1, 2, 3]);
    assert.equal(
      (await failureOf('a,b,c\n1,2,3\n', { limits: { maxColumns: 2 } })).code,
      'search.file_too_many_columns',
    );
    const { rows: cells } = await readAll('a,b\n1,22222\n', { limits: { maxCell: 4 } });
    assert.equal(cells[0]?.error?.code, 'search.file_row_cell_too_long');
    const header = await failureOf(`${'x'.repeat(2 * MiB)}\n1\n`);
    assert.equal(header.code, 'search.file_header');
  });

  it('never throws anything but a coded failure, whatever the bytes', async () => {
    const starts = fc.constantFrom('', 'a,b\n', '{"a":1}\n', '\x1f\x8b\x08', '\xff\xfe', '\xfe\xff', '"');
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(starts, bytes, async (start, rest) => {
        await readAll(Buffer.concat([Buffer.from(start, 'latin1'), rest])).catch((error: unknown) => {
          assert.match((error as Failure).code, /^search\.file_/);
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe('Table reader: streaming', () => {
  it('goes on after a row, with the same numbers as before', async () => {
    const csv = `a,b\n${Array.from({ length: 30_000 }, (_, i) => (i % 7 ? `${i},"x\ny"\n` : `${i}\n   \n`)).join('')}`;
    const ndjson = Array.from({ length: 5000 }, (_, i) => (i % 7 ? `{"a${i % 50}":${i}}\n` : 'oops\n')).join(
      '',
    );
    for (const content of [csv, `{"a":0}\n${ndjson}`]) {
      const { rows, table } = await readAll(content);
      for (const afterRow of [0, 1, 4000, rows.length - 1, rows.length]) {
        const rest = await readAll(sourceOf(content, 1000), { afterRow });
        assert.deepEqual(rest.rows, rows.slice(afterRow));
        assert.deepEqual(rest.table.columns, table.columns);
      }
    }
  });

  it('takes from the source only what is asked for, and closes it when the reader stops', async () => {
    let made = 0;
    const source = endless((i) => `${(made = i)},Ada Lovelace,ada${i}@example.com\n`, 1_000_000);
    const table = await readTable(source);
    for await (const row of table.rows) if (row.rowNo === 10) break;
    assert.ok(made < 20_000, String(made));
    assert.ok(source.destroyed);

    const unread = endless((i) => `${i},x,y\n`, 1_000_000);
    (await readTable(unread)).close();
    assert.ok(unread.destroyed);
    const refused = endless((i) => `${i},x,y\n`, 1_000_000, '\0');
    await assert.rejects(readTable(refused), { code: 'search.file_binary' });
    assert.ok(refused.destroyed);
    const zipped = sourceOf(gzipSync(`a,b\n${'1,2\n'.repeat(500_000)}`), 100);
    for await (const row of (await readTable(zipped)).rows) if (row.rowNo === 10) break;
    assert.ok(zipped.destroyed);
  });

  it('stops when it is aborted, also while it waits for the source', async () => {
    for (const compress of [false, true]) {
      const stopper = new AbortController();
      const source = new PassThrough();
      const content = Buffer.from(`a,b\n${'1,2\n'.repeat(50_000)}`);
      source.write(compress ? gzipSync(content).subarray(0, -100) : content);
      const table = await readTable(source, { signal: stopper.signal });
      const reason = new Error('the caller left');
      const reading = (async () => {
        for await (const row of table.rows) if (row.rowNo === 10) setImmediate(() => stopper.abort(reason));
      })();
      await assert.rejects(reading, reason);
      assert.ok(source.destroyed);
    }
  });

  it('throws the error of a source that breaks', async () => {
    for (const wrap of [(text: string) => Buffer.from(text), (text: string) => gzipSync(text)]) {
      const source = Readable.from(
        (async function* () {
          yield await Promise.resolve(wrap(`a,b\n${'1,2\n'.repeat(50_000)}`));
          throw new Error('connection reset');
        })(),
      );
      await assert.rejects(readAll(source), /connection reset/);
    }
  });

  it('keeps memory flat over 300,000 rows of 1 KB', async () => {
    const padding = 'x'.repeat(1000);
    const line = (i: number): string => `${i},"Lovelace, Ada ${padding}",ada${i}@example.com\n`;
    let count = 0;
    let settled = 0;
    let peak = 0;
    const held = memoryHeld();
    for await (const row of (await readTable(endless(line, 300_000))).rows) {
      count += 1;
      if (row.rowNo === 50_000) settled = held();
      if (row.rowNo > 50_000 && row.rowNo % 50_000 === 0) peak = Math.max(peak, held());
    }
    assert.equal(count, 300_000);
    assert.ok(peak > 0 && peak - settled < 50 * MiB, `grew by ${Math.round((peak - settled) / MiB)} MiB`);
  });
});

/** Gives what a process holds once its garbage is collected: how much of that lies about is the engine's affair. */
function memoryHeld(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}

describe('Table reader: real files', () => {
  const data = join(import.meta.dirname, '../../data');

  it('reads the 3,337 messy records of dedupe-examples, with line breaks in quotes', async () => {
    const path = join(data, 'dedupe_examples/csv_example_messy_input.csv');
    const { table, rows } = await readAll(createReadStream(path));
    assert.equal(rows.length, 3337);
    assert.equal(table.columns.length, 32);
    assert.deepEqual(
      rows.filter((row) => row.error),
      [],
    );
    assert.deepEqual([rows[0]?.values[0], rows.at(-1)?.values[0]], ['0', '3336']);
  });
});
