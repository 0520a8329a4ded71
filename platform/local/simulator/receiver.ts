/** Where a simulator sends its webhooks from its start on, as if it had been registered by hand. */
export interface Receiver {
  url: string;
  secret: string;
}

/** The receiver that a simulator is started with, by its environment; null without one. */
export function receiverOf(environment: NodeJS.ProcessEnv): Receiver | null {
  const { SIMULATOR_WEBHOOK_URL: url, SIMULATOR_WEBHOOK_SECRET: secret } = environment;
  return url && secret ? { url, secret } : null;
}
