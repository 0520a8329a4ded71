/** The queue of the domain. */
export const webhooksQueue = 'webhooks';
