import type { Database } from '../../db/database.ts';
import { addressesOfManagers, addressOfUser } from '../../db/identity/mail-facts.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { Failure } from '../../domain/failure.ts';
import { endpointDisabledMail } from '../../domain/webhooks/endpoint-mail.ts';
import type { Config } from '../../platform/config.ts';
import { renderMail } from '../../platform/mail/layout.ts';
import type { Mailer } from '../../platform/mail/mailer.ts';

/** Mails whoever made an endpoint, and the organisation's owners and admins, when we have disabled it: it would fall silent otherwise. */
export function createEndpointMailConsumer(parts: {
  database: Database;
  mailer: Mailer;
  config: Pick<Config, 'PUBLIC_URL'>;
}): { handle(events: DomainEvent[]): Promise<void> } {
  const { database, mailer, config } = parts;

  const mail = async ({ id, tenantId, data }: DomainEvent): Promise<void> => {
    const { reason } = data;
    // What its owner does needs no telling.
    if (reason !== 'gone' && reason !== 'failing') return;
    const endpoint = await database
      .read('webhooks', ({ sql }) => new EndpointRepository(sql, tenantId).get(String(data['endpoint_id'])))
      .catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'webhooks.endpoint_not_found') return null;
        throw error;
      });
    if (!endpoint) return;
    const told = await database.read('identity', async ({ sql }) => [
      await addressOfUser(sql, endpoint.createdBy),
      ...(await addressesOfManagers(sql, tenantId)),
    ]);
    const { origin } = new URL(endpoint.url);
    const { description } = endpoint;
    const content = endpointDisabledMail({ id: endpoint.id, origin, description, reason }, config.PUBLIC_URL);
    const addresses = [...new Set(told.filter((address) => address !== null))].toSorted();
    for (const [place, to] of addresses.entries())
      await mailer.send({ to, id: `${id}-${place}`, ...renderMail(content) });
  };

  return {
    async handle(events) {
      for (const event of events) await mail(event);
    },
  };
}
