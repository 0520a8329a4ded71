/**
 * A step that works on images. While the database, the storage or the machine is in trouble it is tried again, ever more rarely,
 * for a day; what a picture itself is to blame for is final at once. What kills its process again and again is counted, and given
 * up, by the activity.
 */
export const imageStep = {
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 minutes' },
} as const;
