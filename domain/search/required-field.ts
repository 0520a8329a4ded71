import { personTextFields, type PersonFields } from './person.ts';
import { normalisePhone } from './phone.ts';
import { Failure } from '../failure.ts';

/** Fields that a search may require of an answer, besides `attributes.<name>`. */
export const requirableFields: readonly string[] = [
  ...personTextFields,
  'phones',
  'phones.mobile',
  'phones.fixed_line',
  'emails',
];

/** Whether a text names a field that a search may require. */
export function isRequirable(field: string): boolean {
  return requirableFields.includes(field) || /^attributes\..{1,100}$/.test(field);
}

/** The first of the required fields that a person lacks, or null if all are there. */
export function missingField(fields: PersonFields, required: readonly string[]): string | null {
  return required.find((field) => !has(fields, field)) ?? null;
}

function has(fields: PersonFields, field: string): boolean {
  if (field === 'phones.mobile') return hasPhone(fields, 'MOBILE');
  if (field === 'phones.fixed_line') return hasPhone(fields, 'FIXED_LINE');
  if (field === 'phones' || field === 'emails')
    return (fields[field] ?? []).some((value) => value.trim() !== '');
  const attribute = /^attributes\.(.+)$/.exec(field)?.[1];
  if (attribute !== undefined) return (fields.attributes?.[attribute] ?? '').trim() !== '';
  const name = personTextFields.find((known) => known === field);
  return name !== undefined && (fields[name] ?? '').trim() !== '';
}

/** In some countries (North America) a number does not tell whether it is mobile: such a number counts as either. */
function hasPhone(fields: PersonFields, type: 'MOBILE' | 'FIXED_LINE'): boolean {
  return (fields.phones ?? []).some((raw) => {
    try {
      const known = normalisePhone(raw, fields.country).type;
      return known === type || known === 'FIXED_LINE_OR_MOBILE';
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  });
}
