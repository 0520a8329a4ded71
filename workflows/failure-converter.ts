import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts the message and the stack of a failure into a payload, which the codec then encrypts with the rest; outside stands
 * “Encoded failure”. The type of a failure is a code and stays readable. It is loaded by its path, into the bundle of the
 * workflows, into workers and into clients.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
