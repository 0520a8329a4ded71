import { freePort } from '../ports.ts';
import type { LocalSettings } from './local-settings.ts';

/** A vendor that is simulated because there is no key for the real one. */
export interface LocalSimulator {
  kind: 'stripe' | 'easypost';
  vendor: 'Stripe' | 'EasyPost';
  /** The same when it is started again: the others know it by this address. */
  port: number;
  url: string;
  /** What our programs have to be told to use it. */
  settings: Record<string, string>;
  /** Where its webhooks go, and what they are signed with. */
  receiver: { url: string; secret: string };
}

/** Which vendors are simulated, and where they will answer. */
export async function planSimulators(
  settings: LocalSettings,
  apiUrl: string,
  webhookSecret: string,
): Promise<LocalSimulator[]> {
  const plan = async (
    vendor: LocalSimulator['vendor'],
    key: Record<string, string>,
    path: string,
  ): Promise<LocalSimulator> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    return {
      kind: vendor === 'Stripe' ? 'stripe' : 'easypost',
      vendor,
      port,
      url,
      settings: { ...key, [`${vendor.toUpperCase()}_API_URL`]: url },
      receiver: { url: `${apiUrl}${path}`, secret: webhookSecret },
    };
  };
  const planned: LocalSimulator[] = [];
  if (!settings.STRIPE_SECRET_KEY)
    planned.push(
      await plan('Stripe', { STRIPE_SECRET_KEY: 'sk_test_simulated' }, '/webhooks/stripe/payment'),
    );
  if (!settings.EASYPOST_API_KEY)
    planned.push(
      await plan('EasyPost', { EASYPOST_API_KEY: 'EZTKsimulated' }, '/webhooks/easypost/tracking'),
    );
  return planned;
}
