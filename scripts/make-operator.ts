import { Database } from '../db/database.ts';
import { makeOperator } from '../db/identity/operators.ts';
import { loadConfig } from '../platform/config.ts';

/** `node scripts/make-operator.ts somebody@example.com`: makes a registered user an operator of the platform. */
const [email] = process.argv.slice(2);
if (!email) throw new Error('Name the e-mail address of a registered user.');
const config = loadConfig(process.env);
const database = new Database({
  url: config.DATABASE_URL,
  domainUrls: config.domainUrls,
  poolSize: 2,
  applicationName: 'make-operator',
});
try {
  const { tenantId } = await makeOperator(database, email);
  console.log(`An operator now. Log in with "organisation_id": "${tenantId}".`);
} finally {
  await database.close();
}
