/** What customers are told of by mail. */
export const notices = [
  'placed',
  'action_required',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
] as const;
export type Notice = (typeof notices)[number];

/** Which event is told by which notice. */
export const noticeOf: Readonly<Record<string, Notice>> = {
  'order.created': 'placed',
  'order.customer_action_required': 'action_required',
  'order.shipped': 'shipped',
  'order.delivered': 'delivered',
  'order.cancelled': 'cancelled',
  'order.timed_out': 'cancelled',
  'order.failed': 'cancelled',
  'order.refunded': 'refunded',
};

/** What a mail about an order tells. */
export interface NoticedOrder {
  number: string;
  lines: readonly { title: string; quantity: number; missing: boolean }[];
  packages: readonly { carrier: string | null; trackingNumber: string | null; trackingUrl: string | null }[];
  deadline: Date | null;
}

export interface OrderMail {
  subject: string;
  paragraphs: string[];
  action?: { label: string; url: string };
  footer: string;
}

const openings: Readonly<Record<Notice, (number: string) => [subject: string, first: string]>> = {
  placed: (number) => [`Your order ${number}`, `We have your order ${number}. Thank you.`],
  action_required: (number) => [
    `Please decide about your order ${number}`,
    `Something of your order ${number} is not to be had in the quantity that you asked for.`,
  ],
  shipped: (number) => [`Your order ${number} is on its way`, `A package of your order ${number} has left.`],
  delivered: (number) => [
    `Your order ${number} was delivered`,
    `Everything of your order ${number} has arrived.`,
  ],
  cancelled: (number) => [
    `Your order ${number} was cancelled`,
    `Your order ${number} will not be delivered. What you have paid for it is given back.`,
  ],
  refunded: (number) => [
    `Money for your order ${number}`,
    `We have given money back for your order ${number}.`,
  ],
};

/** Nothing is missing: it is the payment that the customer has to do something about. */
const confirmation = (number: string): [subject: string, first: string] => [
  `Please confirm the payment of your order ${number}`,
  `Your bank wants you to confirm the payment of your order ${number}. Please go back to where you have ordered.`,
];

/** The mail that tells a customer of an order. */
export function orderMail(notice: Notice, order: NoticedOrder): OrderMail {
  const missing = order.lines.filter((line) => line.missing);
  const confirms = notice === 'action_required' && missing.length === 0;
  const [subject, first] = (confirms ? confirmation : openings[notice])(order.number);
  const paragraphs = [first];
  const named = notice === 'action_required' ? missing : order.lines;
  if (notice === 'placed' || (notice === 'action_required' && !confirms))
    paragraphs.push(named.map(({ title, quantity }) => `${quantity} × ${title}`).join('\n'));
  if (notice === 'action_required' && order.deadline)
    paragraphs.push(
      `Without an answer by ${order.deadline.toUTCString()} the order ends, and nothing is charged.`,
    );
  const tracked = notice === 'shipped' ? order.packages.filter(({ trackingNumber }) => trackingNumber) : [];
  for (const { carrier, trackingNumber } of tracked)
    paragraphs.push(`${carrier ?? 'The carrier'} knows it as ${trackingNumber}.`);
  const url = tracked.at(-1)?.trackingUrl;
  return {
    subject,
    paragraphs,
    ...(url ? { action: { label: 'Where it is', url } } : {}),
    footer: `You get this mail because you have ordered. The number of the order is ${order.number}.`,
  };
}
