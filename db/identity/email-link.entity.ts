import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';

const emailLinkPurposes = ['password_reset', 'email_change'] as const;

/** A link that was mailed and proves, once, that its reader owns the address. */
export const EmailLink = defineEntity({
  name: 'EmailLink',
  tableName: 'email_links',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    purpose: p.enum(emailLinkPurposes),
    /** Null when a reset was asked for an address that is no account. */
    userId: p.uuid().nullable(),
    email: p.text(),
    /** The address before a change, once it is confirmed. */
    previousEmail: p.text().nullable(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  },
});

export type EmailLink = InferEntity<typeof EmailLink>;
