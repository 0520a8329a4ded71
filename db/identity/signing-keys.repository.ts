import type { JsonWebKey } from 'node:crypto';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** A key of access tokens. Its private part is a sealed box. */
export interface SigningKey {
  id: string;
  publicJwk: JsonWebKey;
  privateBox: string;
  createdAt: Date;
  signsFrom: Date;
}

export async function listSigningKeys(sql: Sql): Promise<SigningKey[]> {
  const rows = await sql<SigningKey>(
    `select id, public_jwk as "publicJwk", private_box as "privateBox", created_at as "createdAt",
            signs_from as "signsFrom"
     from identity.signing_keys order by signs_from desc`,
  );
  return withDates(rows, ['createdAt', 'signsFrom']);
}

/** Makes processes that want to add a key wait for each other, until the transaction ends. */
export async function lockSigningKeys(sql: Sql): Promise<void> {
  await sql(`lock table identity.signing_keys in share row exclusive mode`);
}

export async function addSigningKey(sql: Sql, key: SigningKey): Promise<void> {
  await sql(
    `insert into identity.signing_keys (id, public_jwk, private_box, created_at, signs_from)
     values ($1, $2, $3, $4, $5)`,
    [key.id, JSON.stringify(key.publicJwk), key.privateBox, key.createdAt, key.signsFrom],
  );
}

export async function deleteSigningKeys(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql(`delete from identity.signing_keys where id = any($1::text[])`, [ids]);
}

export async function resealSigningKey(sql: Sql, id: string, privateBox: string): Promise<void> {
  await sql(`update identity.signing_keys set private_box = $2 where id = $1`, [id, privateBox]);
}
