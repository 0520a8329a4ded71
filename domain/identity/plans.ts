/** What an organisation has agreed on. Limits are by plan. */
export const plans = ['standard', 'scale', 'development'] as const;

export type Plan = (typeof plans)[number];
