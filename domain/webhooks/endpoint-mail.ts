/** What a mail about a disabled endpoint tells. */
export interface DisabledEndpoint {
  id: string;
  /** Where it is: scheme and host, as the rest of an address may hold a secret. */
  origin: string;
  description: string;
  reason: 'gone' | 'failing';
}

export interface EndpointMail {
  subject: string;
  paragraphs: string[];
  action: { label: string; url: string };
  footer: string;
}

const reasons = {
  gone: 'It has answered 410 Gone, which says that it wants no more messages.',
  failing: 'Nothing that was sent to it within the last 120 hours has arrived.',
} as const;

/** The mail to those who look after an organisation when one of its endpoints was disabled by us. */
export function endpointDisabledMail(endpoint: DisabledEndpoint, publicUrl: string): EndpointMail {
  const { id, origin, description, reason } = endpoint;
  return {
    subject: `Webhooks to ${origin} are disabled`,
    paragraphs: [
      `The webhook endpoint at ${origin}${description === '' ? '' : ` (“${description}”)`} was disabled. ${reasons[reason]}`,
      'It gets no messages now. Once it works again, enable it; what it has missed within 14 days can be sent with “recover” and “replay-missing”.',
    ],
    action: { label: 'The endpoint', url: new URL(`/v1/webhook-endpoints/${id}`, publicUrl).href },
    footer:
      'You get this mail because you made the endpoint or manage its organisation. The address needs your access token or API key.',
  };
}
