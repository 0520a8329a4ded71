import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import type { Endpoint } from '../../db/webhooks/endpoint.ts';
import { nullFor } from '../../domain/failure.ts';
import {
  endpointDisabledMail,
  messageExhaustedMail,
  messageRecoveredMail,
  type EndpointMessage,
} from '../../domain/webhooks/endpoint-mail.ts';
import type { Compose, Composable } from './composer.ts';
import { mailOf, type ComposerParts } from './composer-parts.ts';

export const composeEndpointDisabled: Compose = async (parts, notice) => {
  const endpoint = await findEndpoint(parts, notice);
  if (!endpoint) return null;
  const { id, description } = endpoint;
  const reason = notice.data['reason'] === 'gone' ? 'gone' : 'failing';
  const { origin } = new URL(endpoint.url);
  return {
    content: endpointDisabledMail({ id, origin, description, reason }, parts.config.PUBLIC_URL),
    address: await mailOf(parts, notice.userId),
  };
};

export const composeMessageExhausted: Compose = ofMessage(messageExhaustedMail);
export const composeMessageRecovered: Compose = ofMessage(messageRecoveredMail);

function ofMessage(write: typeof messageExhaustedMail): Compose {
  return async (parts, notice) => {
    const endpoint = await findEndpoint(parts, notice);
    if (!endpoint) return null;
    const message: EndpointMessage = {
      endpointId: endpoint.id,
      origin: new URL(endpoint.url).origin,
      description: endpoint.description,
      messageType: String(notice.data['message_type']),
    };
    return {
      content: write(message, parts.config.PUBLIC_URL),
      address: await mailOf(parts, notice.userId),
    };
  };
}

/** Null when it was deleted meanwhile. */
async function findEndpoint(
  { database }: ComposerParts,
  { tenantId, data }: Composable,
): Promise<Endpoint | null> {
  return await database
    .read('webhooks', ({ sql }) => new EndpointRepository(sql, tenantId).get(String(data['endpoint_id'])))
    .catch(nullFor('webhooks.endpoint_not_found'));
}
