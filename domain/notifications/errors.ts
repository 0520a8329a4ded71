export const notificationsErrors = {
  'notifications.notification_not_found': 'not_found',
} as const;
