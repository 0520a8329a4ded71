import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { mostBeforeToken } from '../domain/notifications/mail-tokens.ts';
import { parseKeyRing } from './crypto/secret-box.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

const origins = list.refine(
  (items) => items.every((item) => URL.canParse(item) && new URL(item).origin === item),
  'each is scheme://host:port, without a path',
);

const vendorUrl = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).origin === text, 'is scheme://host:port, without a path');

const keyRing = z.string().transform((text, context) => {
  try {
    return parseKeyRing(text);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: error instanceof TypeError ? error.message : 'not readable',
    });
    return z.NEVER;
  }
});

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** What one worker takes on. Without it, temporal.config.ts has it by queue. */
const slots = (least: number) => z.coerce.number().int().min(least).max(10_000).optional();

/** Every setting: its shape, its default, and what it is for, as docs/configuration.md tells it. */
export const environment = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('PostgreSQL of every domain without one of its own'),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(20)
    .describe('connections of this process'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('Redis for rate limits and cached answers, which are in PostgreSQL without it'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on'),
  PORT: port.default(3000).describe('port of the API'),
  METRICS_PORT: port
    .default(0)
    .describe('port of a worker for /healthz, /ready and /metrics (0: a free one)'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:3000')
    .describe('how callers reach the API'),
  TRUSTED_PROXIES: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('proxies in front, believed in X-Forwarded-For'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('least level logged'),
  STORAGE_DIR: z.string().min(1).optional().describe('folder of the object storage'),
  STORAGE_SIGNING_SECRET: z.string().min(32).optional().describe('signs the URLs of the folder storage'),
  S3_BUCKET: z.string().min(3).optional().describe('bucket of the object storage, instead of a folder'),
  S3_ENDPOINT: z.url().optional().describe('endpoint of an S3 that is not Amazon’s'),
  S3_PUBLIC_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('endpoint of the S3 as callers reach it, where that is another'),
  S3_REGION: z.string().default('us-east-1').describe('region of the bucket'),
  S3_ACCESS_KEY_ID: z.string().optional().describe('S3 access key'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('S3 secret key'),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).describe('where mail goes out'),
  MAIL_FROM: z.string().min(3).default('Perdure <no-reply@perdure.example>').describe('sender of mails'),
  MAIL_RETURN_PATH: z
    .email()
    .refine(
      (text) => /^[^+]+$/.test(text) && text.indexOf('@') <= mostBeforeToken,
      `At most ${mostBeforeToken} characters before the @, and no +.`,
    )
    .optional()
    .describe('address that bounces come to, as name+token@domain; the sender’s without it'),
  MAIL_REPORT_SECRETS: list
    .refine((items) => items.every((item) => item.length >= 32), 'each has at least 32 characters')
    .default([])
    .describe('secrets by which a mail server hands in bounces and complaints; none are taken without one'),
  DKIM_DOMAIN: z.hostname().optional().describe('domain that mails are signed for (DKIM)'),
  DKIM_SELECTOR: z.hostname().optional().describe('selector under which the domain shows the key'),
  DKIM_PRIVATE_KEY: z
    .string()
    .transform((text) => text.replaceAll(String.raw`\n`, '\n'))
    .refine(isRsaKey, 'Not an RSA key in PEM.')
    .optional()
    .describe('RSA key that signs mails, as PEM; with the other two or without them'),
  ENCRYPTION_KEYS: keyRing.describe(
    'key ring for secrets and payloads at rest: id:base64 of 32 bytes, several with commas',
  ),
  WORKFLOW_BUNDLE: z
    .string()
    .min(1)
    .optional()
    .describe('file of workers/build-bundle.ts; bundled at the start without it'),
  WORKER_VERSIONING: z
    .stringbool()
    .default(false)
    .describe('workers tell their version, and get work once workers/promote.ts has made it the current one'),
  WORKER_ACTIVITIES: slots(1).describe(
    'activities at once for each domain; that of its queue (8) without it',
  ),
  WORKER_WORKFLOW_TASKS: slots(2).describe(
    'steps of workflows at once for each domain; that of its queue (10) without it',
  ),
  WORKER_CACHED_WORKFLOWS: slots(0).describe(
    'workflows kept in memory for each domain; that of its queue (200) without it',
  ),
  WORKER_NICENESS: z.coerce
    .number()
    .int()
    .min(0)
    .max(19)
    .default(5)
    .describe(
      'how far workers stand back on a busy machine: whoever waits for an answer goes before a batch',
    ),
  TEMPORAL_UI_ORIGIN: origins
    .default([])
    .describe('origins of the Temporal Web UI, which may have payloads decoded'),
  WEB_ORIGINS: origins
    .default([])
    .describe('origins of pages, beside our own, that may read and follow notifications from a browser'),
  CONNECTIONS_PER_USER: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(20)
    .describe('streams of events and WebSockets that a user may have open in one process'),
  CONNECTIONS_PER_PROCESS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(2_000)
    .describe('streams of events and WebSockets that one process takes; more are sent elsewhere'),
  OUTBOUND_ALLOW_PRIVATE: list.default([]).describe('host:port pairs that may be called although private'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_/)
    .optional()
    .describe('Stripe’s key (sk_… or rk_…) for payments; without it nobody takes money'),
  STRIPE_API_URL: vendorUrl.optional().describe('address of Stripe’s API where it is not Stripe’s own'),
  EASYPOST_API_KEY: z
    .string()
    .regex(/^EZ[AT]K/)
    .optional()
    .describe('EasyPost’s key (EZAK… or EZTK…) for labels and tracking; without it no labels are bought'),
  EASYPOST_API_URL: vendorUrl.optional().describe('address of EasyPost’s API where it is not EasyPost’s own'),
  WEBHOOK_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .min(30)
    .max(90)
    .default(90)
    .describe('how long messages to webhook endpoints are kept, with their attempts, 30 to 90 days'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('where traces go (OTLP by HTTP); without it there is no tracing'),
  OTEL_TRACES_SAMPLER: z
    .string()
    .optional()
    .describe('which traces are kept: parentbased_always_on, parentbased_traceidratio, …'),
  OTEL_TRACES_SAMPLER_ARG: z.string().optional().describe('the ratio of a sampler by ratio, 0 to 1'),
  DEVELOPMENT: z.stringbool().default(false).describe('shows /dev/mail and makes the development account'),
  DEVELOPMENT_API_KEY: z.string().optional().describe('API key of the development account'),
  MAILBOX_DIR: z.string().optional().describe('folder of the development mail sink'),
});
