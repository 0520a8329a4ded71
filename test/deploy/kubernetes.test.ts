import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { createRoutes } from '../../api/routes.ts';
import { domains, type Domain } from '../../domain/domains.ts';
import { loadConfig } from '../../platform/config.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { ownServices, readCompose, readExampleEnvironment, readText } from '../support/compose-file.ts';
import { imageEnvironment } from '../support/compose-system.ts';
import { kustomized, manifestsIn, type Manifest } from '../support/kustomization.ts';

describe('deploy/kubernetes', () => {
  let manifests: Manifest[];
  const named = (kind: string) =>
    new Map(manifests.filter((one) => one.kind === kind).map((one) => [one.metadata.name, one]));
  before(() => {
    manifests = kustomized();
  });

  it('runs the services of the compose file by the same commands', () => {
    const given = Array.from(readExampleEnvironment(), ([name, value]) => [name, value || 'a-value']);
    const compose = ownServices(readCompose(Object.fromEntries(given)));
    const expected = new Map(compose.map(([name, { command }]) => [name, command]));
    const [job] = manifestsIn('migrate/job.yaml');
    assert.deepEqual(job?.spec.template.spec.containers[0].command, expected.get('migrate'));
    expected.delete('migrate');
    const found = Array.from(
      named('Deployment'),
      ([name, { spec }]) => [name, spec.template.spec.containers[0].command] as const,
    );
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
  });

  it('probes, limits and confines every container, also that of the migrations', () => {
    const pods = [...named('Deployment').values(), ...manifestsIn('migrate/job.yaml')].map((one) => ({
      name: one.metadata.name,
      kind: one.kind,
      pod: one.spec.template.spec,
    }));
    for (const { name, kind, pod } of pods) {
      assert.equal(pod.containers.length, 1, name);
      const [container] = pod.containers;
      assert.equal(container.image, 'perdure', name);
      if (kind === 'Deployment') {
        assert.equal(container.livenessProbe.httpGet.path, '/healthz', name);
        assert.equal(container.readinessProbe.httpGet.path, '/ready', name);
        assert.equal(container.ports[0].containerPort, Number(imageEnvironment()['PORT']), name);
        assert.ok(pod.terminationGracePeriodSeconds > 24 + 5, name);
      }
      for (const bound of ['requests', 'limits']) {
        assert.ok(container.resources[bound].cpu && container.resources[bound].memory, `${name}: ${bound}`);
      }
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      assert.equal(pod.securityContext.runAsNonRoot, true, name);
      assert.equal(pod.automountServiceAccountToken, false, name);
      assert.deepEqual(container.envFrom, [
        { configMapRef: { name: 'perdure' } },
        { secretRef: { name: 'perdure' } },
      ]);
    }
  });

  it('gives APIs twice the weight of workers, as the compose file does, and pictures the memory to be drawn', () => {
    const weights = new Map<string, Set<string>>();
    for (const [name, { spec }] of named('Deployment')) {
      const [{ resources }] = spec.template.spec.containers;
      const kind = name.split('-')[0] ?? '';
      weights.set(kind, (weights.get(kind) ?? new Set()).add(resources.requests.cpu));
      if (name.endsWith('-designs')) assert.equal(resources.limits.memory, '2304Mi', name);
    }
    assert.deepEqual(
      weights,
      new Map([
        ['api', new Set(['500m'])],
        ['worker', new Set(['250m'])],
      ]),
    );
    const given = Array.from(readExampleEnvironment(), ([name, value]) => [name, value || 'a-value']);
    const { services } = readCompose(Object.fromEntries(given));
    for (const name of named('Deployment').keys())
      assert.equal(services[name]?.cpu_shares, name.startsWith('worker-') ? 512 : undefined, name);
  });

  it('configures every setting that is required, by the map and the secret together', () => {
    const { configMapGenerator } = parse(readText('deploy/kubernetes/config/kustomization.yaml')) as {
      configMapGenerator: { literals: string[] }[];
    };
    const literals = configMapGenerator.flatMap((one) => one.literals);
    const env = Object.fromEntries(
      literals.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    const { stringData } = parse(readText('deploy/kubernetes/secret.example.yaml')) as {
      stringData: Record<string, string>;
    };
    for (const [name, value] of Object.entries(stringData)) assert.equal(value, '', `${name} is no secret`);
    const secret: Record<string, string> = {
      DATABASE_URL: 'postgres://perdure:pw@postgres/perdure',
      REDIS_URL: 'redis://:pw@redis:6379',
      REDIS_PASSWORD: 'pw',
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      SMTP_URL: 'smtps://mail.example.com',
      MAIL_REPORT_SECRETS: 'a-secret-of-the-mail-server-itself',
      STRIPE_SECRET_KEY: 'sk_live_key',
      EASYPOST_API_KEY: 'EZAKkey',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY: 'key',
    };
    assert.deepEqual(Object.keys(stringData), Object.keys(secret));
    assert.equal(loadConfig({ ...imageEnvironment(), ...env, ...secret }).PORT, 3000);
  });

  it('scales every service from 2 to 10, workers by the backlog of their queue as well', () => {
    const scalers = named('HorizontalPodAutoscaler');
    for (const name of named('Deployment').keys()) {
      const spec = scalers.get(name)?.spec;
      assert.deepEqual([spec?.minReplicas, spec?.maxReplicas, spec?.scaleTargetRef.name], [2, 10, name]);
      const [cpu, backlog] = spec.metrics;
      assert.equal(cpu.resource.name, 'cpu');
      if (!name.startsWith('worker-')) continue;
      assert.equal(backlog.external.metric.selector.matchLabels.taskqueue, name.slice('worker-'.length));
      assert.ok(
        readText('deploy/kubernetes/monitoring/prometheus-adapter.yaml').includes(
          `as: ${backlog.external.metric.name}`,
        ),
      );
    }
    assert.deepEqual([...named('PodDisruptionBudget').keys()], [...named('Deployment').keys()]);
  });

  it('has the Redis of the compose file, which forgets before it runs out of memory', () => {
    const given = Array.from(readExampleEnvironment(), ([name, value]) => [name, value || 'a-value']);
    const inCompose = readCompose(Object.fromEntries(given)).services['redis'];
    const [redis] = named('StatefulSet').get('redis')?.spec.template.spec.containers ?? [];
    assert.equal(redis.image, inCompose?.image);
    assert.deepEqual(redis.command.slice(0, -1), inCompose?.command?.slice(0, -1));
    const { command } = redis as { command: string[] };
    const after = (option: string) => command[command.indexOf(option) + 1] ?? '';
    assert.equal(after('--maxmemory-policy'), 'allkeys-lru');
    assert.ok(parseInt(after('--maxmemory')) < parseInt(redis.resources.limits.memory));
    assert.ok(parseInt(after('--maxmemory')) < parseInt(inCompose?.deploy?.resources.limits.memory ?? ''));
    assert.deepEqual(named('NetworkPolicy').get('perdure-redis')?.spec.ingress[0].from, [
      { podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'perdure' } } },
    ]);
  });

  it('selects pods by labels that they have', () => {
    for (const manifest of manifests) {
      const { kind, spec } = manifest;
      const selector =
        kind === 'Service'
          ? spec.selector
          : ['Deployment', 'StatefulSet', 'PodDisruptionBudget'].includes(kind)
            ? spec.selector.matchLabels
            : null;
      if (!selector) continue;
      const sets = [...named('Deployment').values(), ...named('StatefulSet').values()];
      const pods = sets.map((one) => one.spec.template.metadata);
      const matching = pods.filter(({ labels }) =>
        Object.entries(selector).every(([label, value]) => labels[label] === value),
      );
      assert.equal(matching.length, 1, `${kind} ${manifest.metadata.name}`);
    }
  });

  describe('The ingress', () => {
    let api: TestApi;
    before(async () => {
      api = await startTestApi((services) => createRoutes(services, []));
    });
    after(() => api?.close());

    it('leads every route to the service that has it', () => {
      const rules = named('Ingress').get('perdure')?.spec.rules[0].http.paths as {
        path: string;
        backend: { service: { name: string } };
      }[];
      const services = named('Service');
      for (const { backend } of rules) assert.ok(services.has(backend.service.name));
      // A prefix of segments; the longest wins.
      const leadsTo = (path: string) =>
        rules
          .filter((rule) => path === rule.path || path.startsWith(`${rule.path}/`))
          .sort((a, b) => b.path.length - a.path.length)[0]?.backend.service.name;
      const pathsOf = (part: readonly Domain[]) =>
        createRoutes(api.services, part).map(({ path }) => path.replaceAll(/[:*]\w+/g, 'x'));
      const shared = new Set(pathsOf([]));
      for (const path of shared) assert.equal(leadsTo(path), 'api-operations', path);
      for (const domain of domains) {
        for (const path of pathsOf([domain])) {
          if (shared.has(path) || path.startsWith('/v1/objects/')) continue;
          assert.equal(leadsTo(path), `api-${domain}`, path);
        }
      }
      for (const path of ['/metrics', '/ready', '/dev/mail']) assert.equal(leadsTo(path), undefined, path);
    });
  });
});
