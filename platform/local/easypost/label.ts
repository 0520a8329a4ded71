import type { SimulatedShipment } from './shipments.ts';

/** A label of 4 × 6 inches as a PDF, with what a real one says but for the bars. */
export function labelOf(shipment: SimulatedShipment): Buffer {
  const { from_address: from, to_address: to, selected_rate: rate, tracking_code: code } = shipment;
  return pdfOf([
    'SIMULATED, NOT FOR POSTAGE',
    `${rate?.carrier ?? ''} ${rate?.service ?? ''}`,
    '',
    'From',
    ...linesOf(from),
    '',
    'To',
    ...linesOf(to),
    '',
    `Tracking ${code ?? ''}`,
    `Weight ${shipment.parcel.weight} oz`,
  ]);
}

function linesOf(address: Record<string, unknown>): string[] {
  const { name, company, street1, street2, zip, city, state, country } = address;
  const place = [zip, city, state, country].filter(Boolean).join(' ');
  return [name, company, street1, street2, place].filter(Boolean).map((text) => `  ${String(text)}`);
}

/** The least that is a PDF (ISO 32000): one page of lines in Helvetica. */
function pdfOf(lines: readonly string[]): Buffer {
  const shown = lines.map((line) => `(${escaped(line)}) Tj T*`).join('\n');
  const content = `BT /F1 12 Tf 16 TL 18 400 Td\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 288 432] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`;
  const end = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text + table + end, 'latin1');
}

/** What the font has no letter for becomes a question mark. */
function escaped(line: string): string {
  return line.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '?').replaceAll(/[\\()]/g, '\\$&');
}
