import type { Client } from '@temporalio/client';
import { createNoticeConsumer } from '../activities/notifications/notice-consumer.ts';
import { createNoticeErasureConsumer } from '../activities/notifications/notice-erasure-consumer.ts';
import { createDesignOrdersConsumer } from '../activities/designs/orders-consumer.ts';
import { createOutsideEventsConsumer } from '../activities/orders/outside-events-consumer.ts';
import { createWaitingPackagesConsumer } from '../activities/orders/waiting-packages-consumer.ts';
import { createSearchStatisticsConsumer } from '../activities/search/statistics-consumer.ts';
import { createSubjectsConsumer } from '../activities/webhooks/subjects-consumer.ts';
import type { WorkerServices } from '../activities/services.ts';
import { createWebhookMessageConsumer } from '../activities/webhooks/message-consumer.ts';
import { recordEvents } from '../db/audit/audit.repository.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import type { WorkflowTenants } from '../platform/temporal/tenant-sealing.ts';
import { Composer } from '../services/notifications/composer.ts';
import { readInboundContent } from '../services/webhooks/inbound-contents.ts';
import { SourceSecrets } from '../services/webhooks/source-secrets.ts';
import { designStarts } from '../workflows/designs/starts.ts';
import { identityStarts } from '../workflows/identity/starts.ts';
import type { WorkflowStarts } from '../workflows/start.ts';
import { searchStarts } from '../workflows/search/starts.ts';
import { webhookStarts } from '../workflows/webhooks/starts.ts';
import { orderStarts } from '../workflows/orders/starts.ts';
import { createBatchSignals } from './batch-signals.ts';
import { createOrderSignals } from './order-signals.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { createWorkflowStarter } from './workflow-starts.ts';

const starts: WorkflowStarts = {
  ...identityStarts,
  ...searchStarts,
  ...webhookStarts,
  ...orderStarts,
  ...designStarts,
};

/** Every consumer of the outbox, by its name in `domain/events/subscriptions.ts`. */
export function createConsumers(
  services: WorkerServices,
  temporal: () => Promise<Client>,
  tenants: WorkflowTenants,
): Partial<Record<Consumer, OutboxConsumer>> {
  const { database, config } = services;
  return {
    audit: {
      together: true,
      handle: (events) => database.read('audit', ({ sql }) => recordEvents(sql, events)),
    },
    notices: createNoticeConsumer({ database, composer: new Composer({ database, config }) }),
    'notice-erasure': createNoticeErasureConsumer({ database }),
    // Days are counted every five minutes.
    'search-statistics': {
      ...createSearchStatisticsConsumer({ database }),
      together: true,
      gatherMilliseconds: 500,
    },
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
    'design-orders': createDesignOrdersConsumer({ database }),
    // Other systems wait for what they are told.
    'webhook-messages': {
      ...createWebhookMessageConsumer({ database }),
      together: true,
      gatherMilliseconds: 20,
    },
  };
}
