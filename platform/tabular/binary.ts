import { Failure } from '../../domain/failure.ts';

const asCsv = 'Export it as CSV and upload that.';

/** First bytes of the files that people upload instead of a table. */
const signatures: readonly [bytes: string, what: string][] = [
  ['%PDF-', 'This is a PDF document, not a table. Upload the table it was made from, as CSV or NDJSON.'],
  ['PK\x03\x04', `This is a ZIP archive. Unpack it, or compress the table with gzip.`],
  ['PK\x05\x06', 'This is an empty ZIP archive.'],
  [
    '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
    `This is an old Office document, such as an Excel workbook (.xls). ${asCsv}`,
  ],
  ['\x1f\x8b', 'This file is compressed more than once. Compress it once, or not at all.'],
  ['BZh', 'This is a bzip2 file. Upload it as gzip, or uncompressed.'],
  ['\xfd7zXZ\x00', 'This is an XZ file. Upload it as gzip, or uncompressed.'],
  ['\x28\xb5\x2f\xfd', 'This is a Zstandard file. Upload it as gzip, or uncompressed.'],
  ['7z\xbc\xaf\x27\x1c', 'This is a 7-Zip archive. Unpack it, or compress the table with gzip.'],
  ['Rar!\x1a\x07', 'This is a RAR archive. Unpack it, or compress the table with gzip.'],
  ['PAR1', `This is a Parquet file. ${asCsv}`],
  ['SQLite format 3\x00', `This is an SQLite database. ${asCsv}`],
  ['\x89PNG', 'This is a picture, not a table.'],
  ['\xff\xd8\xff', 'This is a picture, not a table.'],
  ['GIF8', 'This is a picture, not a table.'],
  ['{\\rtf', 'This is a text document (RTF), not a table.'],
];

/**
 * Refuses a file that is known not to be text by how it begins.
 * @throws Failure `search.file_binary`, with a message that says what it is and what to do.
 */
export function refuseKnownBinary(sample: Buffer): void {
  const start = sample.toString('latin1');
  const known = signatures.find(([bytes]) => start.startsWith(bytes));
  if (known === undefined) return;
  // Both kinds of workbook are ZIP archives; the first name in the archive is at byte 30.
  const workbook =
    known[0] === 'PK\x03\x04' && /\[Content_Types\]\.xml|xl\/|opendocument\.spreadsheet/.test(start);
  const message = workbook
    ? 'This is an Excel workbook or a similar spreadsheet; export it as CSV.'
    : known[1];
  throw new Failure('search.file_binary', message);
}

/**
 * Refuses bytes that no table in an 8-bit encoding has.
 * @throws Failure `search.file_binary` for a NUL, or where control characters are more than one in a hundred.
 */
export function refuseBinaryBytes(sample: Buffer): void {
  const nul = sample.indexOf(0);
  if (nul >= 0)
    throw new Failure('search.file_binary', `This is not a text file: byte ${nul} is zero.`, { byte: nul });
  let controls = 0;
  for (const byte of sample) {
    // Tab, line feed, vertical tab, form feed, carriage return, Ctrl-Z (the DOS end of file) and escape occur in text.
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1a && byte !== 0x1b) controls += 1;
  }
  if (controls * 100 > sample.length) throw new Failure('search.file_binary', 'This is not a text file.');
}
