import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync } from 'node:fs';
import type { PersonFields } from '../domain/search/person.ts';

/** A record whose person is known. */
export interface Labelled {
  /** Records of one person have one. */
  entity: string;
  fields: PersonFields;
}

/** Reads a FEBRL file; the person is the number in `rec_id`. The identifier `soc_sec_id` is left out. */
export function febrl(name: string): Labelled[] {
  return rows(name).map((row) => ({
    entity: /^rec-(\d+)-/.exec(row['rec_id'] ?? '')?.[1] ?? '',
    fields: given({
      given_name: row['given_name'],
      surname: row['surname'],
      street_number: row['street_number'],
      street: row['address_1'],
      locality: row['address_2'],
      city: row['suburb'],
      postcode: row['postcode'],
      region: row['state'],
      date_of_birth: row['date_of_birth'],
    }),
  }));
}

/** Organisations with addresses and telephones (dedupe examples): a file with `True Id`. */
export function organisations(name: string): Labelled[] {
  return rows(name).map((row) => ({
    entity: row['True Id'] ?? '',
    fields: {
      ...given({ organisation: row['Site name'], address: row['Address'], postcode: row['Zip'] }),
      ...(row['Phone'] ? { phones: [row['Phone']] } : {}),
    },
  }));
}

/** Looks for the file in the product's data, then in the folder BENCH_DATA. */
export function hasFile(name: string): boolean {
  return folders().some((folder) => existsSync(new URL(name, folder)));
}

function rows(name: string): Record<string, string>[] {
  const folder = folders().find((one) => existsSync(new URL(name, one)));
  if (!folder) throw new Error(`There is no ${name}.`);
  return parse(readFileSync(new URL(name, folder)), { columns: true, trim: true, bom: true });
}

function folders(): URL[] {
  const more = process.env['BENCH_DATA'];
  return [new URL('../data/', import.meta.url), ...(more ? [new URL(`file://${more}/`)] : [])];
}

export function given(fields: Record<string, string | undefined>): PersonFields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  );
}
