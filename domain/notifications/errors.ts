export const notificationsErrors = {
  'notifications.notification_not_found': 'not_found',
  'notifications.delivery_not_found': 'not_found',
  'notifications.suppression_not_found': 'not_found',
  'notifications.link_invalid': 'not_found',
  'notifications.report_unreadable': 'unprocessable',
  'notifications.report_unmatched': 'not_found',
} as const;
