import { z } from 'zod';

/** Longest single value of a person; longer ones are a mapping mistake, not a name. */
const longestValue = 1_000;
const text = z.string().max(longestValue);
const texts = z.array(text).max(20);

/**
 * What a person, an imported record or a query may say of somebody. Everything is optional and as written: nothing is
 * required to be parsed, and the raw values are what is stored and returned.
 */
export const personFieldsSchema = z
  .object({
    given_name: text.meta({ description: 'First or given name.', examples: ['Ada'] }),
    middle_name: text,
    surname: text.meta({ description: 'Last or family name.', examples: ['Lovelace'] }),
    full_name: text.meta({ description: 'The whole name, where it does not come in parts.' }),
    date_of_birth: text.meta({
      description: 'ISO 8601, or `YYYYMMDD`, `DD/MM/YYYY`, `MM/DD/YYYY`, or a year alone.',
      examples: ['1815-12-10'],
    }),
    street_number: text,
    street: text,
    unit: text,
    address: text.meta({ description: 'The whole address, where it does not come in parts.' }),
    locality: text.meta({ description: 'Suburb, district, or the name of a property.' }),
    city: text,
    region: text.meta({ description: 'State, province or county.' }),
    postcode: text,
    country: text.meta({ description: 'ISO 3166-1 alpha-2; also the region of phone numbers without +.' }),
    phones: texts,
    emails: texts,
    national_id: text,
    organisation: text,
    external_id: text.meta({ description: "The importer's own identifier. Returned, never matched on." }),
    attributes: z
      .record(z.string().max(100), text)
      .meta({ description: 'Anything else. Equal values are weak evidence by how rare they are.' }),
  })
  .partial();

export type PersonFields = z.infer<typeof personFieldsSchema>;

/** The fields that hold one text, in the order in which people read them. */
export const personTextFields = [
  'given_name',
  'middle_name',
  'surname',
  'full_name',
  'date_of_birth',
  'street_number',
  'street',
  'unit',
  'address',
  'locality',
  'city',
  'region',
  'postcode',
  'country',
  'national_id',
  'organisation',
  'external_id',
] as const satisfies readonly (keyof PersonFields)[];
