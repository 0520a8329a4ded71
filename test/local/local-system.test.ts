import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { prepareLocalSystem } from '../../platform/local/local-system.ts';
import { readLocalSettings } from '../../platform/local/local-settings.ts';
import { freePorts } from '../../platform/ports.ts';

/** Stands in for our programs: tells what it was given, and ends on demand. */
const server = (portVariable: string) => `
  import http from 'node:http';
  const server = http.createServer((request, response) => {
    if (request.url === '/crash') process.exit(9);
    response.end(JSON.stringify({ pid: process.pid, database: process.env.DATABASE_URL, temporal: process.env.TEMPORAL_ADDRESS, smtp: process.env.SMTP_URL, vendors: [process.env.STRIPE_API_URL, process.env.EASYPOST_API_URL] }));
  });
  server.listen(Number(process.env.${portVariable}), '127.0.0.1');
  process.on('SIGTERM', () => { console.log('told to stop'); server.close(); server.closeAllConnections(); });
`;

interface Told {
  pid: number;
  database: string;
  temporal: string;
  smtp: string;
  vendors: (string | null)[];
}

describe('the local system', () => {
  let root: string;
  let environment: NodeJS.ProcessEnv;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'perdure-system-'));
    const [api, postgres, temporal, ui] = (await freePorts(4)).map(String);
    environment = {
      PORT: api,
      PERDURE_POSTGRES_PORT: postgres,
      TEMPORAL_PORT: temporal,
      TEMPORAL_UI_PORT: ui,
    };
    for (const folder of ['db', 'workers', 'api']) await mkdir(join(root, folder));
    await writeFile(join(root, 'db', 'migrate-main.ts'), "console.log('one: Migration1');");
    await writeFile(join(root, 'workers', 'main.ts'), server('METRICS_PORT'));
    await writeFile(join(root, 'api', 'main.ts'), server('PORT'));
    await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function prepare() {
    const lines: string[] = [];
    const restarts = new Map<string, () => void>();
    const system = await prepareLocalSystem({
      root,
      dataDir: join(root, '.data'),
      settings: readLocalSettings({ ...process.env, ...environment }),
      environment: { ...process.env, ...environment },
      makeApiKey: () => `pk_${'x'.repeat(40)}`,
      events: {
        onStart: (name) => lines.push(`start ${name}`),
        onReady: (name) => lines.push(`ready ${name}`),
        onStopping: (name) => lines.push(`stop ${name}`),
        onCrash: (name, how) => lines.push(`crash ${name} ${how}`),
        onRestart: (name) => {
          lines.push(`restart ${name}`);
          restarts.get(name)?.();
        },
        detail: () => undefined,
        line: () => undefined,
      },
    });
    const restarted = (name: string) => new Promise<void>((resolve) => restarts.set(name, resolve));
    const ask = async () => (await (await fetch(system.apiUrl)).json()) as Told;
    return { system, lines, restarted, ask };
  }

  it('starts in order, repairs itself, stops in order, and goes on with its data', async () => {
    const first = await prepare();
    let told: Told;
    try {
      await first.system.start();
      told = await first.ask();
      assert.match(told.temporal, /^127\.0\.0\.1:\d+$/);
      assert.match(told.smtp, /^smtp:/);
      for (const vendor of told.vendors) assert.equal((await fetch(`${vendor}/healthz`)).status, 200);
      await query(told.database, 'create table kept as select 1 as one');
      assert.ok(first.lines.indexOf('ready Migrations') < first.lines.indexOf('start API'));

      const restarted = first.restarted('API');
      await assert.rejects(fetch(`${first.system.apiUrl}/crash`));
      await restarted;
      assert.notEqual((await first.ask()).pid, told.pid);
      assert.ok(first.lines.includes('crash API ended with code 9'));
    } finally {
      await first.system.stop();
    }
    const stopped = first.lines.filter((line) => line.startsWith('stop '));
    assert.deepEqual(stopped.slice(0, 3), ['stop API', 'stop Workers', 'stop Temporal']);
    // Neither needs the other: they end together.
    assert.deepEqual(
      new Set(stopped.slice(3)),
      new Set(['stop PostgreSQL', 'stop Mail', 'stop Stripe (simulated)', 'stop EasyPost (simulated)']),
    );
    assert.match(await readFile(join(root, '.data', 'logs', 'api.log'), 'utf8'), /told to stop/);
    assert.equal((await stat(join(root, '.data', 'secrets.json'))).mode & 0o777, 0o600);

    const second = await prepare();
    try {
      assert.equal(second.system.developmentApiKey, first.system.developmentApiKey);
      await second.system.start();
      const again = await second.ask();
      assert.equal(again.database, told.database);
      assert.equal((await query(again.database, 'select one from kept')).rowCount, 1);
    } finally {
      await second.system.stop();
    }
  });

  it('says why a part can’t start, and ends the others', async () => {
    await writeFile(join(root, 'workers', 'main.ts'), "console.error('no such setting'); process.exit(1);");
    const { system, lines } = await prepare();
    try {
      await assert.rejects(system.start(), /Workers ended while starting:\nno such setting/);
    } finally {
      await system.stop();
    }
    assert.ok(!lines.some((line) => line.startsWith('crash')));
    assert.ok(!(await readdir(join(root, '.data', 'postgres'))).includes('data.lock'));
  });

  it('does not start what is said to run elsewhere', async () => {
    environment['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
    environment['SMTP_URL'] = 'smtp://127.0.0.1:1';
    environment['STRIPE_SECRET_KEY'] = 'sk_test_own';
    environment['EASYPOST_API_KEY'] = 'EZTKown';
    const { system, lines, ask } = await prepare();
    try {
      await system.start();
      assert.equal(system.temporalUiUrl, null);
      const told = await ask();
      assert.equal(told.temporal, '127.0.0.1:1');
      assert.equal(told.smtp, 'smtp://127.0.0.1:1');
      assert.deepEqual(told.vendors, [null, null]);
    } finally {
      await system.stop();
    }
    assert.ok(!lines.some((line) => /Temporal|Mail|simulated/.test(line)));
  });
});

async function query(url: string, text: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
