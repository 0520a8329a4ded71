/** What a mail about a disabled endpoint tells. */
export interface DisabledEndpoint {
  id: string;
  /** Where it is: scheme and host, as the rest of an address may hold a secret. */
  origin: string;
  description: string;
  reason: 'gone' | 'failing';
}

/** What a mail about a message tells that an endpoint has not taken, or has in the end. */
export interface EndpointMessage {
  endpointId: string;
  origin: string;
  description: string;
  messageType: string;
}

export interface EndpointMail {
  subject: string;
  paragraphs: string[];
  action: { label: string; url: string };
  footer: string;
}

const footer =
  'You get this mail because you made the endpoint or manage its organisation. The address needs your access token or API key.';

const reasons = {
  gone: 'It has answered 410 Gone, which says that it wants no more messages.',
  failing: 'Nothing that was sent to it within the last 120 hours has arrived.',
} as const;

/** The mail to those who look after an organisation when one of its endpoints was disabled by us. */
export function endpointDisabledMail(endpoint: DisabledEndpoint, publicUrl: string): EndpointMail {
  const { id, origin, reason } = endpoint;
  return {
    subject: `Webhooks to ${origin} are disabled`,
    paragraphs: [
      `The webhook endpoint at ${named(endpoint)} was disabled. ${reasons[reason]}`,
      'It gets no messages now. Once it works again, enable it; what it has missed within 14 days can be sent with “recover” and “replay-missing”.',
    ],
    action: { label: 'The endpoint', url: new URL(`/v1/webhook-endpoints/${id}`, publicUrl).href },
    footer,
  };
}

/** When a message was tried for the last time. More of them on the same day are not told of again. */
export function messageExhaustedMail(message: EndpointMessage, publicUrl: string): EndpointMail {
  return {
    subject: `Webhooks do not arrive at ${message.origin}`,
    paragraphs: [
      `The last attempt at a message (${message.messageType}) to the webhook endpoint at ${named(message)} has failed. There may be more of them.`,
      'What has gone wrong stands with its attempts; it can be sent again with “recover”.',
    ],
    action: attemptsOf(message, publicUrl),
    footer,
  };
}

/** When a message has arrived after all that had been given up. */
export function messageRecoveredMail(message: EndpointMessage, publicUrl: string): EndpointMail {
  return {
    subject: `Webhooks arrive at ${message.origin} again`,
    paragraphs: [
      `A message (${message.messageType}) that had been given up has arrived at the webhook endpoint at ${named(message)}.`,
    ],
    action: attemptsOf(message, publicUrl),
    footer,
  };
}

function named({ origin, description }: { origin: string; description: string }): string {
  return `${origin}${description === '' ? '' : ` (“${description}”)`}`;
}

function attemptsOf({ endpointId }: EndpointMessage, publicUrl: string): { label: string; url: string } {
  return {
    label: 'Its attempts',
    url: new URL(`/v1/webhook-endpoints/${endpointId}/attempts`, publicUrl).href,
  };
}
