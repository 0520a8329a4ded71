import type { Client } from '@temporalio/client';
import { createIdentityMailConsumer } from '../activities/identity/mail-consumer.ts';
import { createOutsideEventsConsumer } from '../activities/orders/outside-events-consumer.ts';
import { createWaitingPackagesConsumer } from '../activities/orders/waiting-packages-consumer.ts';
import { createOrderMailConsumer } from '../activities/orders/order-mail-consumer.ts';
import { createBatchMailConsumer } from '../activities/search/batch-mail-consumer.ts';
import { createSearchStatisticsConsumer } from '../activities/search/statistics-consumer.ts';
import { createSubjectsConsumer } from '../activities/webhooks/subjects-consumer.ts';
import type { WorkerServices } from '../activities/services.ts';
import { createEndpointMailConsumer } from '../activities/webhooks/endpoint-mail-consumer.ts';
import { createWebhookMessageConsumer } from '../activities/webhooks/message-consumer.ts';
import { recordEvents } from '../db/audit/audit.repository.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import { createMailer } from '../platform/mail/mailer.ts';
import type { WorkflowTenants } from '../platform/temporal/tenant-sealing.ts';
import { readInboundContent } from '../services/webhooks/inbound-contents.ts';
import { SourceSecrets } from '../services/webhooks/source-secrets.ts';
import { identityStarts } from '../workflows/identity/starts.ts';
import type { WorkflowStarts } from '../workflows/start.ts';
import { searchStarts } from '../workflows/search/starts.ts';
import { webhookStarts } from '../workflows/webhooks/starts.ts';
import { orderStarts } from '../workflows/orders/starts.ts';
import { createBatchSignals } from './batch-signals.ts';
import { createOrderSignals } from './order-signals.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { createWorkflowStarter } from './workflow-starts.ts';

const starts: WorkflowStarts = { ...identityStarts, ...searchStarts, ...webhookStarts, ...orderStarts };

/** Every consumer of the outbox, by its name in `domain/events/subscriptions.ts`. */
export function createConsumers(
  services: WorkerServices,
  temporal: () => Promise<Client>,
  tenants: WorkflowTenants,
): Partial<Record<Consumer, OutboxConsumer>> {
  const { database, config, log } = services;
  return {
    audit: {
      together: true,
      handle: (events) => database.read('audit', ({ sql }) => recordEvents(sql, events)),
    },
    // A mail server takes only so many connections from one client.
    'identity-mail': {
      ...createIdentityMailConsumer({ database, config, mailer: createMailer(config, log) }),
      atOnce: 5,
    },
    'search-statistics': { ...createSearchStatisticsConsumer({ database }), together: true },
    'workflow-starts': createWorkflowStarter(temporal, starts, tenants),
    'webhook-subjects': createSubjectsConsumer({ database }),
    'batch-signals': createBatchSignals(temporal),
    'order-signals': createOrderSignals(temporal),
    'waiting-packages': createWaitingPackagesConsumer({ database }),
    'order-webhooks': createOutsideEventsConsumer({
      database,
      readContent: (tenantId, inboundId) =>
        readInboundContent(database, new SourceSecrets(config.ENCRYPTION_KEYS), tenantId, inboundId),
    }),
    'order-mail': {
      ...createOrderMailConsumer({ database, mailer: createMailer(config, log) }),
      atOnce: 5,
    },
    'batch-mail': {
      ...createBatchMailConsumer({ database, config, mailer: createMailer(config, log) }),
      atOnce: 5,
    },
    'webhook-messages': { ...createWebhookMessageConsumer({ database }), together: true },
    'endpoint-mail': {
      ...createEndpointMailConsumer({ database, config, mailer: createMailer(config, log) }),
      atOnce: 5,
    },
  };
}
