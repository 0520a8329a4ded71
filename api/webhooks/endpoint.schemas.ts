import { z } from 'zod';
import {
  headerBytes,
  headerProblems,
  mostHeaderBytes,
  mostHeaders,
} from '../../domain/webhooks/custom-headers.ts';
import {
  deliveryStates,
  attemptOutcomes,
  disabledReasons,
  longestGraceSeconds,
  mostOldSecrets,
  orderings,
  secretForm,
  triggers,
  usualGraceSeconds,
} from '../../domain/webhooks/endpoint.ts';
import { eventFilterForm, isExact } from '../../domain/webhooks/event-filter.ts';
import { findPublicEvent, newestPayloadVersion } from '../../domain/webhooks/public-events.ts';

const url = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .meta({
    description: 'Where messages are sent: https, and no address of a private network.',
    example: 'https://example.com/hooks/perdure',
  });

const filter = z
  .string()
  .max(100)
  .regex(eventFilterForm, 'A type such as `batch.completed`, an area such as `batch.*`, or `*`.')
  .refine((text) => !isExact(text) || findPublicEvent(text) !== undefined, {
    error: 'There is no such type of event; GET /v1/webhooks/event-types lists them.',
  });

const headers = z
  .record(z.string(), z.string().max(mostHeaderBytes))
  .superRefine((given, context) => {
    if (Object.keys(given).length > mostHeaders)
      context.addIssue({ code: 'custom', message: `At most ${mostHeaders} headers.` });
    if (headerBytes(given) > mostHeaderBytes)
      context.addIssue({ code: 'custom', message: `At most ${mostHeaderBytes} bytes of headers.` });
    for (const [name, message] of headerProblems(given))
      context.addIssue({ code: 'custom', path: [name], message });
  })
  .meta({
    description:
      'Headers of your own, sent with every message. All are stored encrypted; values whose names sound like a secret are never shown again.',
    example: { 'x-environment': 'production' },
  });

const settings = {
  url,
  description: z.string().trim().max(500).meta({ example: 'Orders to the warehouse' }),
  event_types: z
    .array(filter)
    .min(1)
    .max(100)
    .transform((filters) => [...new Set(filters)])
    .meta({
      description:
        'Which events it gets: types, areas (`batch.*`), or `*` for all but those of endpoints and messages themselves.',
      example: ['batch.*', 'import.completed'],
    }),
  payload_version: z.int().min(1).max(newestPayloadVersion).meta({
    description: 'The version of the payloads that the receiver was written for.',
  }),
  ordering: z.enum(orderings).meta({
    description:
      '`subject`: messages about one thing (a batch, say) go out one after another, in their order; the next waits until the one before has arrived or was given up. `none`: each goes out when it is due.',
  }),
  rate_per_second: z.number().min(0.01).max(1_000).nullable().meta({
    description: 'Most messages a second; null: as fast as it takes them.',
  }),
  headers,
};

export const newEndpoint = z
  .strictObject({
    url: settings.url,
    description: settings.description.default(''),
    event_types: settings.event_types.default(['*']),
    payload_version: settings.payload_version.default(newestPayloadVersion),
    ordering: settings.ordering.default('none'),
    rate_per_second: settings.rate_per_second.default(null),
    headers: settings.headers.default({}),
    state: z.enum(['enabled', 'paused', 'disabled']).default('enabled').meta({
      description: 'An endpoint can be made disabled, tried out with a test message, and enabled then.',
    }),
    secret: z
      .string()
      .regex(secretForm, '`whsec_` and the base64 of 24 to 64 bytes.')
      .optional()
      .meta({ description: 'A secret that you have already. Without it one is made.' }),
  })
  .meta({
    id: 'NewWebhookEndpoint',
    example: { url: 'https://example.com/hooks/perdure', event_types: ['batch.*'] },
  });

export type NewEndpoint = z.output<typeof newEndpoint>;

export const endpointChange = z
  .strictObject({
    url: settings.url.optional(),
    description: settings.description.optional(),
    event_types: settings.event_types.optional(),
    payload_version: settings.payload_version.optional(),
    ordering: settings.ordering.optional(),
    rate_per_second: settings.rate_per_second.optional(),
    headers: settings.headers.optional().meta({ description: 'Replaces all of them.' }),
  })
  .meta({ id: 'WebhookEndpointChange', example: { event_types: ['batch.completed'] } });

export type EndpointChange = z.output<typeof endpointChange>;

const moment = z.iso.datetime();

const endpointFields = {
  id: z.uuid(),
  url: z.string(),
  description: z.string(),
  event_types: z.array(z.string()),
  payload_version: z.int(),
  ordering: z.enum(orderings),
  rate_per_second: z.number().nullable(),
  headers: z.record(z.string(), z.string()),
  state: z.enum(['enabled', 'paused', 'disabled']).meta({
    description:
      '`paused`: messages are collected and sent once it is enabled. `disabled`: it gets none; what it misses can be replayed.',
  }),
  disabled_reason: z.enum(disabledReasons).nullable().meta({
    description: '`gone`: it has answered 410. `failing`: nothing has arrived for 120 hours.',
  }),
  old_secrets: z
    .array(z.object({ until: moment }))
    .max(mostOldSecrets)
    .meta({ description: 'Secrets that were rotated away and sign beside the present one until then.' }),
  created_at: moment,
  updated_at: moment,
};

export const endpointView = z
  .object({ ...endpointFields, secret: z.string().meta({ description: 'Masked.' }) })
  .meta({ id: 'WebhookEndpoint' });

export const endpointWithSecret = z
  .object({
    ...endpointFields,
    secret: z.string().meta({ description: 'The secret itself, shown this once.' }),
  })
  .meta({ id: 'WebhookEndpointWithSecret' });

export const rotation = z
  .strictObject({
    grace_seconds: z.int().min(0).max(longestGraceSeconds).default(usualGraceSeconds).meta({
      description: 'How long the old secret signs beside the new one.',
    }),
    secret: newEndpoint.shape.secret,
  })
  .meta({ id: 'WebhookSecretRotation', example: { grace_seconds: 86_400 } });

export const recoveryOrder = z
  .strictObject({
    since: moment.meta({
      description: 'Messages from then on; at most 14 days ago.',
      example: '2036-11-21T00:00:00Z',
    }),
    until: moment.optional().meta({ description: 'Messages until then; without it, until now.' }),
  })
  .meta({ id: 'WebhookRecoveryOrder', example: { since: '2036-11-21T00:00:00Z' } });

export const recoveryView = z
  .object({
    id: z.uuid(),
    endpoint_id: z.uuid(),
    kind: z.enum(['failed', 'missing']),
    since: moment,
    until: moment,
    state: z.enum(['running', 'completed', 'stopped']).meta({
      description: '`stopped`: the endpoint takes nothing any more, or 10,000 messages were sent.',
    }),
    sent: z.int().meta({ description: 'Messages that are on their way again.' }),
    created_at: moment,
    finished_at: moment.nullable(),
  })
  .meta({ id: 'WebhookRecovery' });

export const endpointHealth = z
  .object({
    state: z.enum(['healthy', 'failing', 'circuit_open', 'held']).meta({
      description:
        '`circuit_open`: nothing is sent until `open_until`, and then one message as a probe. `held`: it has asked to be left alone (`Retry-After`).',
    }),
    failures_in_a_row: z.int(),
    failing_since: moment.nullable(),
    open_until: moment.nullable(),
    hold_until: moment.nullable(),
    last_success_at: moment.nullable(),
    last_failure_at: moment.nullable(),
    waiting: z.int().meta({ description: 'Messages that have not arrived yet; counted up to 10,000.' }),
    last_24_hours: z.object({
      delivered: z.int(),
      failed: z.int(),
      lost: z.int(),
      p50_milliseconds: z.number().nullable(),
      p95_milliseconds: z.number().nullable(),
    }),
  })
  .meta({ id: 'WebhookEndpointHealth' });

export const messageView = z
  .object({
    id: z.uuid(),
    webhook_id: z.string().meta({ description: 'The `webhook-id` that it bears.' }),
    type: z.string(),
    subject: z.string(),
    occurred_at: moment,
    created_at: moment,
  })
  .meta({ id: 'WebhookMessage' });

export const deliveryView = z
  .object({
    message_id: z.uuid(),
    message_type: z.string(),
    endpoint_id: z.uuid(),
    trigger: z.enum(triggers),
    state: z.enum(deliveryStates).meta({ description: '`exhausted`: every attempt has failed.' }),
    attempts: z.int(),
    under_way: z.boolean(),
    next_attempt_at: moment.nullable(),
    last_status: z.int().nullable(),
    last_problem: z.string().nullable(),
    delivered_at: moment.nullable(),
    exhausted_at: moment.nullable(),
    created_at: moment,
  })
  .meta({ id: 'WebhookDelivery' });

export const messageWithDeliveries = z
  .object({
    ...messageView.shape,
    payloads: z.record(z.string(), z.unknown()).meta({ description: 'The body for each version.' }),
    deliveries: z.array(deliveryView),
  })
  .meta({ id: 'WebhookMessageWithDeliveries' });

export const attemptView = z
  .object({
    id: z.uuid(),
    message_id: z.uuid(),
    endpoint_id: z.uuid(),
    number: z.int(),
    trigger: z.enum(triggers),
    outcome: z.enum(attemptOutcomes).meta({
      description: '`lost`: its sender has died, so nobody knows whether it has arrived; it was sent again.',
    }),
    started_at: moment,
    milliseconds: z.number().nullable(),
    status: z.int().nullable(),
    problem: z.string().nullable().meta({
      description:
        'Why nothing was answered: `timeout`, `dns_failed`, `tls_failed`, `reset`, `blocked_ip`, …',
    }),
    detail: z.string().nullable(),
    request: z.object({ headers: z.record(z.string(), z.string()) }),
    response: z
      .object({
        headers: z.record(z.string(), z.string()),
        body: z.string(),
        cut: z.boolean().meta({ description: 'The answer was longer than the 20,000 bytes that are kept.' }),
      })
      .nullable(),
  })
  .meta({ id: 'WebhookAttempt' });

export const eventTypeView = z
  .object({
    type: z.string(),
    summary: z.string(),
    operational: z.boolean().meta({ description: 'Not among `*`: it is listened to by its name or area.' }),
    versions: z.array(
      z.object({
        version: z.int(),
        schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of `data`.' }),
        example: z.record(z.string(), z.unknown()).meta({ description: 'A whole body.' }),
      }),
    ),
  })
  .meta({ id: 'WebhookEventType' });
