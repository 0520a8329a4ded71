import { createNoticeConsumer } from '../../activities/notifications/notice-consumer.ts';
import { createAuditRoutes } from '../../api/audit/audit.routes.ts';
import { createIdentityRoutes } from '../../api/identity/routes.ts';
import { recordEvents } from '../../db/audit/audit.repository.ts';
import { createMailer } from '../../platform/mail/mailer.ts';
import { Composer } from '../../services/notifications/composer.ts';
import { MailSender } from '../../services/notifications/mail-sender.ts';
import { NotificationSending } from '../../workers/notification-sending.ts';
import { Relay } from '../../workers/relay.ts';
import { startTestApi, type ApiResponse, type TestApi, type TestApiOptions } from './api.ts';
import { startMailbox, tokenIn, type TestMailbox } from './mailbox.ts';

export interface IdentityApi extends TestApi {
  mailbox: TestMailbox;
  /** Registers, follows the mailed link and logs in: the way of a real user. */
  register(email: string, password?: string): Promise<LoggedIn>;
  logIn(email: string, password?: string): Promise<ApiResponse>;
}

export interface LoggedIn {
  email: string;
  password: string;
  userId: string;
  organisationId: string;
  authorization: string;
  refreshToken: string;
}

export const goodPassword = 'plenty of purple penguins';

/** The routes of identity and audit, with the relay and the sender that bring their mails to a real SMTP server, and an audit log. */
export async function startIdentityApi(options: TestApiOptions = {}): Promise<IdentityApi> {
  const mailbox = await startMailbox();
  const api = await startTestApi(
    (services) => [...createIdentityRoutes(services), ...createAuditRoutes(services)],
    { ...options, env: { SMTP_URL: mailbox.url, ...options.env } },
  );
  const { config, database, log, metrics } = api.services;
  const relay = new Relay({
    database,
    domains: ['identity'],
    consumers: {
      notices: createNoticeConsumer({ database, composer: new Composer({ database, config }) }),
      audit: { handle: (events) => database.read('audit', ({ sql }) => recordEvents(sql, events)) },
    },
    log,
    metrics,
  });
  const sender = new MailSender({ database, config, mailer: createMailer(config) });
  const sending = new NotificationSending({ database, sender, log, metrics });
  relay.start();
  sending.start();
  const logIn = (email: string, password = goodPassword) =>
    api.client.post('/v1/sessions', { email, password });
  return {
    ...api,
    mailbox,
    logIn,
    register: async (email, password = goodPassword) => {
      await api.client.post('/v1/registrations', {
        email,
        password,
        name: 'Ada Lovelace',
        organisation_name: 'Analytical Engines',
      });
      const token = tokenIn(await mailbox.next(email));
      const verified = await api.client.post('/v1/registrations/verify', { token });
      const { body } = await logIn(email, password);
      return {
        email,
        password,
        userId: verified.body.user_id,
        organisationId: verified.body.organisation_id,
        authorization: `Bearer ${body.access_token}`,
        refreshToken: body.refresh_token,
      };
    },
    close: async () => {
      await relay.stop();
      await sending.stop();
      await api.close();
      await mailbox.close();
    },
  };
}
