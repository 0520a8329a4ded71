import { Failure } from '../../domain/failure.ts';
import { requireStorable } from '../body.ts';

/** Fields of a form that hold text as it is; all others hold JSON. */
const texts: ReadonlySet<string> = new Set([
  'name',
  'kind',
  'mode',
  'budget',
  'row_budget',
  'webhook_url',
  'upload_id',
]);

/**
 * The fields of a form as a JSON body would have them. An empty field is one that was left out.
 *
 * @throws Failure `request.invalid` naming the fields whose JSON can't be read, or for text that can't be stored
 */
export function readFormFields(fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const issues: { pointer: string; message: string }[] = [];
  const read = Object.entries(fields)
    .filter(([, text]) => text.trim() !== '')
    .map(([name, text]): [string, unknown] => {
      if (texts.has(name)) return [name, text];
      try {
        return [name, JSON.parse(text)];
      } catch {
        issues.push({ pointer: `/body/${name}`, message: 'This field is not valid JSON.' });
        return [name, null];
      }
    });
  if (issues.length > 0) throw new Failure('request.invalid', 'The body is not valid.', { issues });
  const body = Object.fromEntries(read);
  requireStorable(body);
  return body;
}
