import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { domains } from '../../domain/domains.ts';
import { describeSettings } from '../../platform/config.ts';
import { createRoutes } from '../../api/routes.ts';
import {
  ownServices,
  readCompose,
  readExampleEnvironment,
  readText,
  root,
  type ComposeFile,
} from '../support/compose-file.ts';
import { routersOf } from '../support/gateway-rules.ts';
import { startTestApi, type TestApi } from '../support/api.ts';

const given = Object.fromEntries(
  Array.from(readExampleEnvironment(), ([name, value]) => [name, value || 'a-value']),
);

describe('docker-compose.yml', () => {
  let compose: ComposeFile;
  before(() => {
    compose = readCompose(given);
  });

  it('has an API and a worker of every domain, and migrations before them', () => {
    const own = new Map(ownServices(compose));
    for (const domain of domains) {
      assert.deepEqual(own.get(`api-${domain}`)?.command, ['node', 'api/main.ts', '--domains', domain]);
      assert.deepEqual(own.get(`worker-${domain}`)?.command, [
        'node',
        'workers/main.ts',
        '--domains',
        domain,
      ]);
    }
    for (const [name, service] of own) {
      if (name === 'migrate') continue;
      assert.equal(service.depends_on?.['migrate']?.condition, 'service_completed_successfully', name);
    }
  });

  it('runs our services without privileges, on a read-only file system', () => {
    for (const [name, service] of ownServices(compose)) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
    }
    assert.match(readText('Dockerfile'), /^USER node$/m);
  });

  it('lets our services be scaled: no names, volumes or host ports of their own', () => {
    for (const [name, service] of ownServices(compose)) {
      assert.equal(service.container_name, undefined, name);
      assert.equal(service.ports, undefined, name);
      assert.equal(service.volumes, undefined, name);
    }
  });

  it('shows only the gateway to the network; what operators use is for this host', () => {
    const ports = Object.entries(compose.services).flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => ({ name, port })),
    );
    const open = ports.filter(({ port }) => !port.startsWith('127.0.0.1:'));
    assert.deepEqual(
      open.map(({ name }) => name),
      ['traefik'],
    );
  });

  it('says of every service how it is restarted and what it may use, and waits only for what it checks', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      assert.ok(['no', 'unless-stopped'].includes(service.restart ?? ''), name);
      if (service.restart === 'unless-stopped') assert.ok(service.deploy?.resources.limits.memory, name);
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        const other = compose.services[needed];
        assert.ok(other, `${name} waits for ${needed}, which isn't there`);
        if (condition === 'service_healthy') assert.ok(other.healthcheck?.test, needed);
        if (condition === 'service_completed_successfully') assert.equal(other.restart, 'no', needed);
      }
      for (const network of service.networks ?? []) assert.ok(network in compose.networks, network);
    }
  });

  it('mounts files that are there, and volumes that are declared', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0] ?? '';
        if (source.startsWith('.')) assert.ok(statSync(join(root, source)), `${name}: ${source}`);
        else assert.ok(source === '/var/run/docker.sock' || source in compose.volumes, `${name}: ${source}`);
      }
    }
  });

  it('fixes the version of every image', () => {
    for (const [name, { image = '' }] of Object.entries(compose.services)) {
      assert.match(image, /:(local|v?\d+\.\d+[\w.-]*)$/, name);
    }
    for (const [, image] of readText('Dockerfile').matchAll(/^FROM (\S+)/gm))
      assert.match(image ?? '', /:\d+\.\d+\.\d+/);
  });

  it('sets only what the configuration knows', () => {
    const known = new Set([
      ...describeSettings().map(({ name }) => name),
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
    ]);
    for (const [name, { environment = {} }] of ownServices(compose)) {
      for (const setting of Object.keys(environment)) assert.ok(known.has(setting), `${name}: ${setting}`);
    }
  });

  it('takes every secret from the environment, where deploy/.env.example names it and gives none', () => {
    const text = readText('docker-compose.yml');
    const required = new Set(Array.from(text.matchAll(/\$\{(\w+):\?/g), ([, name]) => name ?? ''));
    const example = readExampleEnvironment();
    for (const name of required) {
      assert.equal(example.get(name), '', name);
      assert.throws(() => readCompose({ ...given, [name]: '' }), new RegExp(name));
    }
    assert.match(readText('.gitignore'), /^\.env$/m);
    const literal = /^ *\w*(PASSWORD|PWD|SECRET|KEY)\w*: *[^$\s]/m.exec(text);
    assert.equal(literal, null);
  });
});

describe('The gateway', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, []));
  });
  after(() => api?.close());

  const pathsOf = (part: readonly (typeof domains)[number][]) =>
    createRoutes(api.services, part).map(({ path }) => path.replaceAll(/[:*]\w+/g, 'x'));

  it('leads every route of a domain to the API of that domain, and the others to the operators’', () => {
    const routers = routersOf(readCompose(given));
    const leadsTo = (path: string) =>
      routers.filter(({ matches }) => matches(path)).map(({ service }) => service);
    const shared = new Set(pathsOf([]));
    for (const path of shared) assert.deepEqual(leadsTo(path), ['api-operations'], path);
    for (const domain of domains) {
      for (const path of pathsOf([domain])) {
        // Links of the folder storage; here the storage is S3.
        if (shared.has(path) || path.startsWith('/v1/objects/')) continue;
        assert.deepEqual(leadsTo(path), [`api-${domain}`], path);
      }
    }
    assert.deepEqual(leadsTo('/perdure/tenant/file.csv'), ['s3']);
    for (const path of ['/metrics', '/ready', '/healthz', '/dev/mail'])
      assert.deepEqual(leadsTo(path), [], path);
  });
});
