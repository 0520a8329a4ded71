import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ConfigError, describeSettings, domainsFromArguments, loadConfig } from './config.ts';

const complete = {
  DATABASE_URL: 'postgres://perdure:pw@127.0.0.1:5432/perdure',
  SMTP_URL: 'smtp://127.0.0.1:1025',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  STORAGE_DIR: 'objects',
  STORAGE_SIGNING_SECRET: 'a-secret-of-at-least-32-characters',
};

describe('the configuration', () => {
  it('names every problem at once and shows no value', () => {
    const bad = {
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      PORT: 'many',
      ENCRYPTION_KEYS: 'k1:c2hvcnQ=',
      STORAGE_DIR: 'x',
      DATABASE_URL_NOWHERE: 'x',
    };
    assert.throws(
      () => loadConfig(bad),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        for (const name of ['DATABASE_URL', 'PORT', 'SMTP_URL', 'ENCRYPTION_KEYS', 'DATABASE_URL_NOWHERE']) {
          assert.match(error.message, new RegExp(`^  - ${name}:`, 'm'));
        }
        assert.doesNotMatch(error.message, /hunter2|many|c2hvcnQ/);
        return true;
      },
    );
  });

  it('gives a domain its own database', () => {
    const config = loadConfig({ ...complete, DATABASE_URL_SEARCH: 'postgres://127.0.0.1/search' });
    assert.deepEqual(config.domainUrls, { search: 'postgres://127.0.0.1/search' });
  });

  it('takes one kind of object storage, not two and not none', () => {
    const { STORAGE_DIR, ...none } = complete;
    assert.throws(() => loadConfig(none), /STORAGE_DIR, S3_BUCKET/);
    assert.throws(
      () => loadConfig({ ...complete, STORAGE_DIR, S3_BUCKET: 'bucket' }),
      /STORAGE_DIR, S3_BUCKET/,
    );
  });

  it('reads the domains of a process', () => {
    assert.deepEqual(domainsFromArguments(['--domains', 'search,identity']), ['search', 'identity']);
    assert.deepEqual(domainsFromArguments(['--domains=audit']), ['audit']);
    assert.throws(() => domainsFromArguments(['--domains', 'searhc']), /unknown searhc/);
  });
});

describe('docs/configuration.md', () => {
  it('tells of every setting', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
    const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    for (const { name, purpose, fallback } of describeSettings()) {
      assert.deepEqual(rows.find((row) => row[1] === `\`${name}\``)?.slice(2, 4), [purpose, fallback]);
    }
  });
});
