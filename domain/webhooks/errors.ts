export const webhookErrors = {
  'webhooks.source_not_found': 'not_found',
} as const;
