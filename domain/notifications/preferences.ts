import { z } from 'zod';
import { isTimeZone } from '../identity/preferences.ts';
import {
  cadencesOf,
  categories,
  categoryRules,
  channels,
  organisationCategories,
  personalCategories,
  type Cadence,
  type Category,
  type Channel,
} from './categories.ts';
import type { Wishes } from './plan.ts';

const time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected HH:MM, 00:00 to 23:59.')
  .meta({ example: '07:00' });

const quietHours = z
  .strictObject({ from: time, to: time })
  .refine(({ from, to }) => from !== to, 'They must end at another time than they begin.');

const email = z.enum(cadencesOf.email).optional();
const inApp = z.enum(cadencesOf.in_app).optional();
const webhook = z.enum(cadencesOf.webhook).optional();

const common = {
  quiet_hours: z
    .union([quietHours, z.literal('none')])
    .nullable()
    .default(null)
    .meta({
      description:
        'When no mail is to come: it is held until they are over. `none`: there are no such hours.',
    }),
  digest_time: time.nullable().default(null).meta({ description: 'When the daily mail comes.' }),
};

/** What a person has said. Null, or left out: as the organisation has it. The time zone is that of the account. */
export const personalSettings = z
  .strictObject({
    categories: z
      .partialRecord(z.enum(personalCategories), z.strictObject({ email, in_app: inApp }))
      .default({}),
    ...common,
  })
  .meta({
    id: 'NotificationSettings',
    example: {
      categories: { batches: { email: 'daily', in_app: 'instant' } },
      quiet_hours: { from: '22:00', to: '07:00' },
      digest_time: '08:00',
    },
  });

/** What an organisation has said for its people, who may choose otherwise, and for its customers. */
export const organisationSettings = z
  .strictObject({
    categories: z
      .partialRecord(z.enum(organisationCategories), z.strictObject({ email, in_app: inApp, webhook }))
      .default({}),
    time_zone: z
      .string()
      .refine(isTimeZone, 'Not a time zone of the IANA database.')
      .nullable()
      .default(null)
      .meta({ description: 'Of customers, and of people whose account has none.' }),
    ...common,
  })
  .meta({
    id: 'OrganisationNotificationSettings',
    example: {
      categories: { orders: { email: 'instant' }, webhook_health: { webhook: 'instant' } },
      time_zone: 'Europe/Berlin',
      quiet_hours: 'none',
      digest_time: '08:00',
    },
  });

export type PersonalSettings = z.output<typeof personalSettings>;
export type OrganisationSettings = z.output<typeof organisationSettings>;

export const noOrganisationSettings: OrganisationSettings = organisationSettings.parse({});

const defaultDigestTime = '08:00';

/**
 * What holds for somebody: what they have said, else what their organisation has said, else what holds everywhere. Whether
 * there are webhooks is the organisation's to say.
 *
 * @param zone of the account; null for customers, and where none was set
 */
export function wishesOf(
  personal: PersonalSettings | null,
  organisation: OrganisationSettings,
  zone: string | null,
): Wishes {
  const quiet = personal?.quiet_hours ?? organisation.quiet_hours ?? 'none';
  return {
    cadence: Object.fromEntries(
      categories.map((category) => [
        category,
        Object.fromEntries(
          channels.map((channel) => [channel, cadenceOf(category, channel, personal, organisation)]),
        ),
      ]),
    ) as Wishes['cadence'],
    timeZone: zone ?? organisation.time_zone ?? 'UTC',
    quietHours: quiet === 'none' ? null : quiet,
    digestTime: personal?.digest_time ?? organisation.digest_time ?? defaultDigestTime,
  };
}

type Matrix = Partial<Record<Category, Partial<Record<Channel, Cadence | undefined>>>>;

function cadenceOf(
  category: Category,
  channel: Channel,
  personal: PersonalSettings | null,
  organisation: OrganisationSettings,
): Cadence {
  const own: Matrix = personal?.categories ?? {};
  const given: Matrix = organisation.categories;
  return own[category]?.[channel] ?? given[category]?.[channel] ?? categoryRules[category].cadence[channel];
}
