/** The queue of the domain. */
export const notificationsQueue = 'notifications';

export interface NoticeUpkeepActivities {
  /** Forgets notices, deliveries and addresses that are kept no longer. Idempotent by nature. */
  forgetNotices(): Promise<{ removed: number }>;
}
