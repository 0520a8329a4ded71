/** How much an item of a feed matters, from what is merely good to know to what cannot wait. */
export const severities = ['info', 'success', 'warning', 'critical'] as const;

export type Severity = (typeof severities)[number];

/** What the owner of a feed does with its items. What is archived counts as read; what is unread again is no longer archived. */
export const feedMarks = ['read', 'unread', 'archive', 'unarchive'] as const;

export type FeedMark = (typeof feedMarks)[number];

/** Marks that can be set on many items at once. */
export const sweepingMarks = ['read', 'archive', 'unarchive'] as const satisfies readonly FeedMark[];

export type SweepingMark = (typeof sweepingMarks)[number];

/** How long a feed keeps its items, and for how long whoever was away is told what has changed in it meanwhile, in days. */
export const feedRetention = { items: 90, changes: 14 } as const;
