/** A number, or a telephone number in international form: a sign here starts a value, not a formula. */
const harmless = /^[+-]?(\d+([.,]\d+)*([eE][+-]?\d+)?%?|\d[\d\s().-]*\d)$/;

/**
 * Makes a cell harmless in Excel and other spreadsheets: a value that starts with `=`, `+`, `-`, `@` (or their
 * full-width forms), a tab or a line break could be run as a formula there, so it gets an apostrophe in front (OWASP, "CSV Injection").
 *
 * Callers get their own columns back, so what can't be a formula stays as it was: numbers (`-5`, `+1.5e3`, `-12%`)
 * and telephone numbers (`+14155550100`, `+49 (30) 1234-567`), which may only hold digits, spaces, dots, brackets and
 * hyphens between digits. A program that reads the file and needs every value to the letter asks for NDJSON, which is
 * never altered, or for CSV without neutralising.
 */
export function neutralizeFormula(value: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(value) && !harmless.test(value) ? `'${value}` : value;
}
