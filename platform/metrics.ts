import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The figures of one process, as Prometheus reads them at `/metrics`. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, prefix: 'perdure_' });
  const registers = [registry];
  return {
    registry,
    httpSeconds: new Histogram({
      name: 'perdure_http_request_seconds',
      help: 'Time to answer a request, by declared route.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    }),
    activitySeconds: new Histogram({
      name: 'perdure_activity_seconds',
      help: 'Time of one attempt of an activity.',
      labelNames: ['activity', 'outcome'],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    workflowsStarted: new Counter({
      name: 'perdure_workflows_started_total',
      help: 'Runs of workflows that were started, by type.',
      labelNames: ['workflow'],
      registers,
    }),
    workflowsEnded: new Counter({
      name: 'perdure_workflows_ended_total',
      help: 'Runs of workflows that have ended: completed, failed, cancelled, or continued in a run of their own.',
      labelNames: ['workflow', 'outcome'],
      registers,
    }),
    queueBacklog: new Gauge({
      name: 'perdure_queue_backlog',
      help: 'Tasks that wait in a queue of Temporal, by kind (workflow, activity); about.',
      labelNames: ['queue', 'kind'],
      registers,
    }),
    queueAgeSeconds: new Gauge({
      name: 'perdure_queue_age_seconds',
      help: 'How long the oldest task waits in a queue of Temporal; about.',
      labelNames: ['queue', 'kind'],
      registers,
    }),
    queuePollers: new Gauge({
      name: 'perdure_queue_pollers',
      help: 'Workers that ask for the tasks of a queue.',
      labelNames: ['queue', 'kind'],
      registers,
    }),
    processWaitSeconds: new Gauge({
      name: 'perdure_process_wait_seconds',
      help: 'How long the longest-waiting process has waited for its workflow to take it up, by type; notice_mail: a mail that is due for a sender.',
      labelNames: ['process'],
      registers,
    }),
    scheduleLateSeconds: new Gauge({
      name: 'perdure_schedule_late_seconds',
      help: 'How long a run of a schedule is overdue.',
      labelNames: ['schedule'],
      registers,
    }),
    scheduleMissed: new Gauge({
      name: 'perdure_schedule_missed',
      help: 'Runs of a schedule that were missed for good, since it was made.',
      labelNames: ['schedule'],
      registers,
    }),
    inboundTaken: new Counter({
      name: 'perdure_inbound_webhooks_total',
      help: 'Webhooks that came in and were verified, by kind of source: new, again (a delivery or an event that was there).',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    inboundAttempts: new Counter({
      name: 'perdure_inbound_webhook_attempts_total',
      help: 'Attempts at webhooks that came in, by kind of source and the state that they have led to.',
      labelNames: ['kind', 'state'],
      registers,
    }),
    openConnections: new Gauge({
      name: 'perdure_open_connections',
      help: 'Streams of events and WebSockets (kind: stream, socket) that are open.',
      labelNames: ['kind'],
      registers,
    }),
    refusedConnections: new Counter({
      name: 'perdure_connections_refused_total',
      help: 'Streams of events and WebSockets that were refused, by the limit that was reached (user, process).',
      labelNames: ['limit'],
      registers,
    }),
    outboxDelivered: new Counter({
      name: 'perdure_outbox_delivered_total',
      help: 'Events handed to a consumer.',
      labelNames: ['consumer'],
      registers,
    }),
    outboxFailed: new Counter({
      name: 'perdure_outbox_failed_total',
      help: 'Attempts of a consumer that failed.',
      labelNames: ['consumer'],
      registers,
    }),
    outboxWaiting: new Gauge({
      name: 'perdure_outbox_waiting',
      help: 'Deliveries that wait, by consumer.',
      labelNames: ['domain', 'consumer'],
      registers,
    }),
    outboxParked: new Gauge({
      name: 'perdure_outbox_parked',
      help: 'Deliveries parked for a person to look at, by consumer.',
      labelNames: ['domain', 'consumer'],
      registers,
    }),
    outboxAgeSeconds: new Gauge({
      name: 'perdure_outbox_age_seconds',
      help: 'Age of the oldest waiting delivery, by consumer.',
      labelNames: ['domain', 'consumer'],
      registers,
    }),
    noticeMails: new Counter({
      name: 'perdure_notice_mails_total',
      help: 'Attempts at mails of notices, by outcome (sent, deferred, refused, unreachable, unknown, suppressed, skipped).',
      labelNames: ['outcome'],
      registers,
    }),
    mailReports: new Counter({
      name: 'perdure_mail_reports_total',
      help: 'What was told of mails later, by kind (bounced, failed, delayed, arrived, complaint, feedback; unknown) and by what came of it (suppressed, noted, again, unmatched, unreadable).',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    webhookAttempts: new Counter({
      name: 'perdure_webhook_attempts_total',
      help: 'Attempts to send a message to an endpoint, by outcome (delivered, failed).',
      labelNames: ['outcome'],
      registers,
    }),
    webhookFirstAttemptSeconds: new Histogram({
      name: 'perdure_webhook_first_attempt_seconds',
      help: 'Time from an event to the first attempt to send it to an endpoint.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
