import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { v7 as uuidv7 } from 'uuid';
import { createNoticeConsumer } from '../../activities/notifications/notice-consumer.ts';
import { createNoticeErasureConsumer } from '../../activities/notifications/notice-erasure-consumer.ts';
import { createRoutes } from '../../api/routes.ts';
import { noticesChannel } from '../../db/notifications/notices.ts';
import { createMailer } from '../../platform/mail/mailer.ts';
import { Composer } from '../../services/notifications/composer.ts';
import { MailSender } from '../../services/notifications/mail-sender.ts';
import { NotificationSending } from '../../workers/notification-sending.ts';
import { Relay } from '../../workers/relay.ts';
import { startTestApi, type ApiClient, type Caller, type Tenant, type TestApi } from './api.ts';
import { until } from './until.ts';

interface ReceivedMail {
  to: string;
  from: string;
  raw: string;
}

/** By this a mail server hands reports in. */
export const reportSecret = 'a-secret-of-the-mail-server-itself';

/** Notices whole, but for Temporal, which they do not need: API, relay, sender, and a mail server that answers as it is told. */
export interface NoticeSystem {
  api: TestApi;
  publicKey: string;
  /** What the mail server says next to a mail for an address: codes, one a mail; it takes what follows. */
  answers: Map<string, number[]>;
  /** Mails that were taken for an address, as they came. */
  mails(address: string): string[];
  /** The address that what comes back of the last mail for an address is sent to, of the envelope. */
  returnPath(address: string): string;
  /** Waits until an address has so many mails. Gives the last. */
  mail(address: string, count?: number): Promise<string>;
  /** An organisation with an endpoint, so that there is something to tell of. */
  organisation(): Promise<Organisation>;
  /** Another sender, as a process beside would have. */
  startSender(): NotificationSending;
  close(): Promise<void>;
}

export interface Organisation {
  tenant: Tenant;
  owner: ApiClient;
  endpointId: string;
  /** Lets something happen to the endpoint. Gives the event's ID. */
  happen(type: string, data?: Record<string, unknown>): Promise<string>;
  /** Has all that waits become due. */
  pass(): Promise<void>;
  /** The mails to a user, newest first, as the API tells of them. */
  deliveriesTo(caller: Caller): Promise<DeliveryView[]>;
  /** Waits until the newest mail to a user is in a state. Gives it with its attempts. */
  until(caller: Caller, state: string): Promise<DeliveryView>;
}

export interface DeliveryView {
  id: string;
  user_id: string | null;
  state: string;
  attempts: number;
  next_attempt_at: string | null;
  notices: { kind: string }[];
  attempts_made: { number: number; outcome: string; status: number | null; answer: string | null }[];
  [member: string]: unknown;
}

/** Close it in `after`. */
export async function startNoticeSystem(): Promise<NoticeSystem> {
  const received: ReceivedMail[] = [];
  const answers = new Map<string, number[]>();
  const server = await startServer(answers, received);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const api = await startTestApi(
    (services) => createRoutes(services, ['identity', 'webhooks', 'notifications']),
    {
      env: {
        SMTP_URL: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
        MAIL_RETURN_PATH: 'bounces@perdure.example',
        MAIL_REPORT_SECRETS: `${reportSecret},${'another-'.repeat(4)}`,
        DKIM_DOMAIN: 'perdure.example',
        DKIM_SELECTOR: 'test',
        DKIM_PRIVATE_KEY: privateKey,
        LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      },
    },
  );
  const { config, database, log, metrics } = api.services;
  const relay = new Relay({
    database,
    domains: ['identity', 'webhooks', 'orders', 'notifications'],
    consumers: {
      notices: createNoticeConsumer({ database, composer: new Composer({ database, config }) }),
      'notice-erasure': createNoticeErasureConsumer({ database }),
    },
    log,
    metrics,
  });
  const senders: NotificationSending[] = [];
  const startSender = (): NotificationSending => {
    const sender = new MailSender({ database, config, mailer: createMailer(config) });
    const sending = new NotificationSending({ database, sender, log, metrics });
    sending.start();
    senders.push(sending);
    return sending;
  };
  relay.start();
  startSender();
  const mails = (address: string): string[] =>
    received.filter(({ to }) => to === address).map(({ raw }) => raw);
  return {
    api,
    publicKey,
    answers,
    mails,
    returnPath: (address) => received.findLast(({ to }) => to === address)?.from ?? '',
    mail: async (address, count = 1) =>
      await until(() => (mails(address).length >= count ? mails(address).at(-1) : null)),
    organisation: async () => await organisationOf(api),
    startSender,
    close: async () => {
      await relay.stop();
      await Promise.all(senders.map((sending) => sending.stop()));
      await api.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function startServer(answers: Map<string, number[]>, received: ReceivedMail[]): Promise<SMTPServer> {
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, answer) => {
      const code = answers.get(address)?.shift();
      answer(
        code === undefined
          ? null
          : Object.assign(new Error(`nothing for <${address}>`), { responseCode: code }),
      );
    },
    onData: (stream, session, answer) => {
      buffer(stream).then((raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom ? mailFrom.address : '';
        for (const { address } of rcptTo) received.push({ to: address, from, raw: raw.toString('latin1') });
        answer();
      }, answer);
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function organisationOf(api: TestApi): Promise<Organisation> {
  const { database } = api.services;
  const tenant = await api.tenant();
  const owner = api.client.as(tenant.owner);
  const { body } = await owner.post('/v1/webhook-endpoints', {
    url: 'https://hooks.example.com/secret-path',
    description: 'Shop',
  });
  const endpointId = String(body.id);
  const deliveriesTo = async ({ userId }: Caller): Promise<DeliveryView[]> => {
    const { body: list } = await owner.get('/v1/notifications/deliveries?channel=email&limit=200');
    return (list.items as DeliveryView[]).filter(({ user_id }) => user_id === userId);
  };
  return {
    tenant,
    owner,
    endpointId,
    happen: async (type, data = {}) => {
      const id = uuidv7();
      await database.transaction('webhooks', ({ publish }) =>
        publish({
          id,
          type,
          tenantId: tenant.id,
          subject: `webhook-endpoint:${endpointId}`,
          data: { endpoint_id: endpointId, ...data },
        }),
      );
      return id;
    },
    pass: async () => {
      await database.transaction('notifications', async ({ sql, wake }) => {
        await sql(
          `update notifications.deliveries set due_at = now() where tenant_id = $1 and state = 'pending'`,
          [tenant.id],
        );
        wake(noticesChannel, 'due');
      });
    },
    deliveriesTo,
    until: async (caller, state) => {
      const found = await until(async () => {
        const [newest] = await deliveriesTo(caller);
        return newest?.state === state ? newest : null;
      });
      return (await owner.get(`/v1/notifications/deliveries/${found.id}`)).body as DeliveryView;
    },
  };
}
