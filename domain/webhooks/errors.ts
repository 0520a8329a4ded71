export const webhookErrors = {
  'webhooks.source_not_found': 'not_found',
  'webhooks.endpoint_not_found': 'not_found',
  'webhooks.endpoint_disabled': 'conflict',
  'webhooks.too_many_endpoints': 'conflict',
  'webhooks.url_refused': 'unprocessable',
  'webhooks.secret_unchanged': 'conflict',
  'webhooks.event_type_unknown': 'unprocessable',
  'webhooks.message_not_found': 'not_found',
  'webhooks.recovery_not_found': 'not_found',
  'webhooks.recovery_too_old': 'unprocessable',
  'webhooks.recovery_range': 'unprocessable',
} as const;
