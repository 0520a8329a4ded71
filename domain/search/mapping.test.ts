import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../failure.ts';
import { readTable } from '../../platform/tabular/read.ts';
import { prepareMapping } from './apply-mapping.ts';
import type { MappedRow } from './apply-mapping.ts';
import { guessDateFormat, toIsoDate } from './date-format.ts';
import { mappingSchema, validateMapping } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { guessMapping } from './mapping-guess.ts';
import { personFieldsSchema } from './person.ts';

type Input = Parameters<typeof mappingSchema.parse>[0];

function issuesOf(input: Input, columns: string[]): [string, string][] {
  let issues: [string, string][] = [];
  assert.throws(
    () => validateMapping(mappingSchema.parse(input), columns),
    (error) => {
      const failure = error as Failure;
      assert.equal(failure.code, 'search.mapping_invalid');
      issues = (failure.details.issues ?? []).map(({ pointer, message }) => [pointer, message]);
      return true;
    },
  );
  return issues;
}

function mapRow(input: Input, row: Record<string, string>): MappedRow {
  return prepareMapping(mappingSchema.parse(input), Object.keys(row))(Object.values(row));
}

/** Field → column, as short as a test can read it. */
function brief(mapping: Mapping): Record<string, string> {
  const fields = Object.entries(mapping.fields).map(([field, source]) => [field, source.columns.join('+')]);
  const lists = (['phones', 'emails'] as const).flatMap((list) =>
    mapping[list].length > 0 ? [[list, mapping[list].join('+')]] : [],
  );
  return Object.fromEntries([
    ...fields,
    ...lists,
    ...(mapping.key === undefined ? [] : [['key', mapping.key]]),
  ]) as Record<string, string>;
}

function guess(columns: string[], ...rows: string[][]): Record<string, string> {
  return brief(guessMapping(columns, rows).mapping);
}

describe('Column mapping', () => {
  it('is also its own parsed form', () => {
    const parsed = mappingSchema.parse({ fields: { surname: 'Last' }, key: 'id' });
    assert.deepEqual(parsed.fields.surname, { columns: ['Last'], join: ' ' });
    assert.deepEqual(mappingSchema.parse(JSON.parse(JSON.stringify(parsed))), parsed);
    assert.equal(mappingSchema.safeParse({ fields: { shoe_size: 'x' } }).success, false);
    assert.equal(mappingSchema.safeParse({ filds: {} }).success, false);
  });

  it('names every fault and where it is', () => {
    const input = {
      fields: { given_name: 'first', address: { columns: ['street', 'street', 'Town'] } },
      phones: ['phone', 'fax'],
      attributes: { 'a/b': 'gone' },
      key: 'nr',
    };
    assert.deepEqual(issuesOf(input, ['First', 'street', 'phone', 'Town']), [
      ['/fields/given_name/columns/0', 'The file has no column “first”. Is “First” meant?'],
      ['/fields/address/columns/1', 'The column “street” is named twice here.'],
      ['/phones/1', 'The file has no column “fax”.'],
      ['/attributes/a~1b', 'The file has no column “gone”.'],
      ['/key', 'The file has no column “nr”.'],
    ]);
    assert.deepEqual(
      issuesOf({ fields: { external_id: 'id' }, key: 'id' }, ['id']).map(([pointer]) => pointer),
      [''],
    );
    validateMapping(mappingSchema.parse({ emails: ['later'] }), ['id'], { open: true });
  });

  it('joins columns, lists phones and e-mails, and keeps the key', () => {
    const input = {
      fields: {
        full_name: { columns: ['f', 'm', 'l'] },
        address: { columns: ['a1', 'a2'], join: ', ' },
        surname: 'l',
      },
      phones: ['p1', 'p2'],
      emails: ['e'],
      attributes: { Sex: 's', Team: 't' },
      key: 'id',
      country: 'AU',
    };
    const row = {
      id: ' 7 ',
      f: ' Ada',
      m: '',
      l: 'NULL ',
      a1: '1 High St',
      a2: 'N/A',
      p1: '1; 2',
      p2: '2',
      e: 'a@b.example, c@d.example',
      s: 'f',
      t: '-',
    };
    const mapped = mapRow(input, row);
    assert.deepEqual(mapped, {
      key: '7',
      fields: {
        full_name: 'Ada NULL',
        surname: 'NULL',
        address: '1 High St',
        phones: ['1', '2'],
        emails: ['a@b.example', 'c@d.example'],
        attributes: { Sex: 'f' },
        country: 'AU',
      },
    });
    assert.ok(personFieldsSchema.safeParse(mapped.fields).success);
  });

  it('puts faults of the values on the row', () => {
    const input = { fields: { surname: 'l', external_id: 'id' }, phones: ['p'], country: 'US' };
    const code = (row: Record<string, string>): unknown => mapRow(input, row).error?.code;
    assert.equal(code({ l: '', id: '1', p: 'N/A' }), 'search.mapping_nothing_to_search');
    assert.equal(code({ l: 'x'.repeat(1001), id: '1', p: '' }), 'search.mapping_value');
    assert.equal(
      code({ l: '', id: '1', p: Array.from({ length: 21 }, (_, i) => `+1415555${i}`).join(';') }),
      'search.mapping_value',
    );
    assert.equal(code({ l: 'x', id: '', p: '' }), undefined);
  });

  it('finds columns that come up later', () => {
    const columns = ['a'];
    const map = prepareMapping(mappingSchema.parse({ fields: { surname: 'b', given_name: 'a' } }), columns);
    assert.deepEqual(map(['x']).fields, { given_name: 'x' });
    columns.push('b');
    assert.deepEqual(map(['x', 'y']).fields, { given_name: 'x', surname: 'y' });
  });

  it('reads dates by their format and leaves alone what does not fit', () => {
    assert.equal(toIsoDate('19081209', 'YYYYMMDD'), '1908-12-09');
    assert.equal(toIsoDate('3/4/1990', 'DD/MM/YYYY'), '1990-04-03');
    assert.equal(toIsoDate('3.4.1990 00:00', 'MM/DD/YYYY'), '1990-03-04');
    assert.equal(toIsoDate('1990-4-3T10:00:00Z', 'YYYY-MM-DD'), '1990-04-03');
    assert.equal(toIsoDate('31/12/1990', 'MM/DD/YYYY'), '31/12/1990');
    assert.equal(toIsoDate('1990', 'YYYYMMDD'), '1990');
    assert.equal(toIsoDate('3/4/1990', 'as_written'), '3/4/1990');
  });

  it('tells date formats by their samples, and when it can not', () => {
    assert.deepEqual(guessDateFormat(['19081209', '', 'x']), { format: 'YYYYMMDD', sure: true });
    assert.deepEqual(guessDateFormat(['1908-12-09']), { format: 'YYYY-MM-DD', sure: true });
    assert.deepEqual(guessDateFormat(['01/02/1990', '31.01.1990']), { format: 'DD/MM/YYYY', sure: true });
    assert.deepEqual(guessDateFormat(['01/02/1990', '01/31/1990']), { format: 'MM/DD/YYYY', sure: true });
    assert.deepEqual(guessDateFormat(['01/02/1990']), { format: 'DD/MM/YYYY', sure: false });
    assert.deepEqual(guessDateFormat(['31/02/1990', '01/31/1990']), { format: 'DD/MM/YYYY', sure: false });
    assert.deepEqual(guessDateFormat([]), { format: 'as_written', sure: false });
  });
});

describe('Mapping guess', () => {
  it('knows the names of vendors, in any case and spelling', () => {
    assert.deepEqual(
      guess([
        'CustomerID',
        'FirstName',
        'LAST_NAME',
        'E-mail Address',
        'Mobile Phone',
        'Home Phone',
        'Mailing Street',
        'Mailing City',
        'Mailing State/Province',
        'Mailing Zip/Postal Code',
        'Birthdate',
        'Company',
      ]),
      {
        key: 'CustomerID',
        external_id: 'CustomerID',
        given_name: 'FirstName',
        surname: 'LAST_NAME',
        emails: 'E-mail Address',
        phones: 'Mobile Phone+Home Phone',
        street: 'Mailing Street',
        city: 'Mailing City',
        region: 'Mailing State/Province',
        postcode: 'Mailing Zip/Postal Code',
        date_of_birth: 'Birthdate',
        organisation: 'Company',
      },
    );
    assert.deepEqual(
      guess(['id', 'name', 'email1', 'email2', 'phone_1', '/address/city', '/address/postal_code']),
      {
        key: 'id',
        external_id: 'id',
        full_name: 'name',
        emails: 'email1+email2',
        phones: 'phone_1',
        city: '/address/city',
        postcode: '/address/postal_code',
      },
    );
  });

  it('knows several languages', () => {
    const german = {
      given_name: 'Vorname',
      surname: 'Nachname',
      street: 'Straße',
      street_number: 'Hausnummer',
      postcode: 'PLZ',
      city: 'Ort',
      phones: 'Telefon',
      date_of_birth: 'Geburtsdatum',
    };
    const french = {
      given_name: 'Prénom',
      surname: 'Nom',
      street: 'Rue',
      postcode: 'Code postal',
      city: 'Ville',
      phones: 'Téléphone',
      emails: 'Courriel',
      date_of_birth: 'Date de naissance',
    };
    const spanish = {
      given_name: 'Nombre',
      surname: 'Apellidos',
      address: 'Dirección',
      city: 'Ciudad',
      region: 'Provincia',
      country: 'País',
      emails: 'Correo electrónico',
    };
    const russian = {
      given_name: 'Имя',
      surname: 'Фамилия',
      city: 'Город',
      phones: 'Телефон',
      date_of_birth: 'Дата рождения',
    };
    for (const expected of [german, french, spanish, russian]) {
      assert.deepEqual(guess(Object.values(expected)), expected);
    }
  });

  it('reads values where names say nothing, and doubts names that values contradict', () => {
    assert.deepEqual(
      guess(
        ['a', 'b', 'c'],
        ['x@y.example', '+1 415-555-0100', 'Ada'],
        ['z@y.example', '(415) 555-0101', 'Bob'],
      ),
      {
        emails: 'a',
        phones: 'b',
      },
    );
    assert.deepEqual(guess(['name', 'login'], ['ada@x.example', 'q'], ['bob@x.example', 'w']), {
      emails: 'name',
    });
    const { columns } = guessMapping(['surname', 'family name', 'born'], [['a', 'b', '3/4/1990']]);
    assert.deepEqual(columns[1], {
      column: 'family name',
      target: null,
      confidence: 0,
      alternatives: [{ target: 'surname', confidence: 0.95 }],
    });
    assert.deepEqual(guessMapping(['dob'], [['03/04/1990']]).questions.length, 1);
  });

  it('takes the second line of an address for a flat when it looks like one', () => {
    const columns = ['address_1', 'address_2', 'city'];
    assert.deepEqual(guess(columns, ['1 High St', 'Apt 4', 'x']), {
      street: 'address_1',
      unit: 'address_2',
      city: 'city',
    });
    assert.deepEqual(guess(columns, ['1 High St', 'Soho', 'x']), {
      street: 'address_1',
      locality: 'address_2',
      city: 'city',
    });
  });

  it('maps the real files as a person would', async () => {
    const data = join(import.meta.dirname, '../../data');
    const guessFile = async (path: string): Promise<{ mapping: Record<string, string>; format: string }> => {
      const table = await readTable(createReadStream(join(data, path)));
      const sample: string[][] = [];
      for await (const row of table.rows) if (sample.push(row.values) === 100) break;
      const { mapping } = guessMapping(table.columns, sample);
      return { mapping: brief(mapping), format: mapping.date_format };
    };
    assert.deepEqual(await guessFile('febrl/dataset4a.csv'), {
      format: 'YYYYMMDD',
      mapping: {
        key: 'rec_id',
        external_id: 'rec_id',
        given_name: 'given_name',
        surname: 'surname',
        street_number: 'street_number',
        street: 'address_1',
        locality: 'address_2',
        city: 'suburb',
        postcode: 'postcode',
        region: 'state',
        date_of_birth: 'date_of_birth',
        national_id: 'soc_sec_id',
      },
    });
    assert.deepEqual(await guessFile('dedupe_examples/csv_example_messy_input.csv'), {
      format: 'as_written',
      mapping: {
        key: 'Id',
        external_id: 'Id',
        organisation: 'Site name',
        address: 'Address',
        postcode: 'Zip',
        phones: 'Phone',
        locality: 'Neighborhood',
        emails: 'Email Address',
      },
    });
  });
});
