import { z } from 'zod';
import { Readable } from 'node:stream';
import { checkReadiness, type ReadinessChecks } from '../platform/ops-server.ts';
import { route, type Route } from './route.ts';
import type { Services } from './services.ts';

const readiness = z
  .object({ ready: z.boolean(), parts: z.record(z.string(), z.enum(['up', 'down'])) })
  .meta({ id: 'Readiness' });

/** Whether the process lives, whether it can serve, and its figures. */
export function createSystemRoutes(
  services: Services,
  needed: ReadinessChecks,
  useful: ReadinessChecks,
): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      summary: 'Is the process alive',
      tag: 'System',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'It is.', body: z.object({ status: z.literal('ok') }) } },
      handler: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      method: 'get',
      path: '/ready',
      summary: 'Can the process serve',
      description:
        'Names every part. Temporal being down does not make the API unready: commands are accepted without it.',
      tag: 'System',
      access: 'public',
      rate: 'system',
      responses: {
        200: { description: 'Every part that it needs answers.', body: readiness },
        503: { description: 'A part that it needs does not answer.', body: readiness },
      },
      handler: async () => {
        const state = await checkReadiness(needed, useful);
        return { status: state.ready ? 200 : 503, body: state };
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Figures for Prometheus',
      tag: 'System',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'Prometheus text format.', mediaType: 'text/plain' } },
      handler: async () => {
        const { registry } = services.metrics;
        return {
          status: 200,
          stream: { content: Readable.from([await registry.metrics()]), mediaType: registry.contentType },
        };
      },
    }),
  ];
}
