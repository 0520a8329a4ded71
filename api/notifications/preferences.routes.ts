import { z } from 'zod';
import { personOfUser } from '../../db/identity/mail-facts.ts';
import { PreferencesRepository } from '../../db/notifications/preferences.repository.ts';
import { subscribeAgain, unsubscribedBy } from '../../db/notifications/suppressions.ts';
import type { Sql } from '../../db/sql.ts';
import {
  cadences,
  categories,
  personalCategories,
  type Category,
} from '../../domain/notifications/categories.ts';
import {
  organisationSettings,
  personalSettings,
  wishesOf,
  type OrganisationSettings,
  type PersonalSettings,
} from '../../domain/notifications/preferences.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const tag = 'Notifications';
const etag = { ETag: 'Of what was said.' };

const cadence = z.enum(cadences);
const effective = z
  .object({
    categories: z.record(z.enum(categories), z.object({ email: cadence, in_app: cadence, webhook: cadence })),
    time_zone: z.string(),
    quiet_hours: z.object({ from: z.string(), to: z.string() }).nullable(),
    digest_time: z.string(),
  })
  .meta({
    id: 'EffectiveNotificationSettings',
    description: 'What holds, with all that was said and not said.',
  });

const personalView = z
  .object({
    settings: personalSettings,
    effective,
    unsubscribed: z.array(z.enum(categories)).meta({
      description: 'From what the links in mails have unsubscribed you, whatever the settings say.',
    }),
  })
  .meta({ id: 'NotificationPreferences' });

const organisationView = z
  .object({ settings: organisationSettings, effective })
  .meta({ id: 'OrganisationNotificationPreferences' });

/** How people wish to be told, and what their organisation has chosen for those who have not said. */
export function createPreferenceRoutes({ database }: Services): Route[] {
  const zoneOf = async (userId: string): Promise<string | null> =>
    (await database.read('identity', ({ sql }) => personOfUser(sql, userId)))?.timeZone ?? null;

  return [
    route({
      method: 'get',
      path: '/v1/notifications/preferences',
      summary: 'How you wish to be told in this organisation',
      tag,
      access: 'notifications:read',
      rate: 'read',
      responses: {
        200: { description: 'What you have said, and what holds.', body: personalView, headers: etag },
      },
      handler: async ({ principal: { tenantId, userId } }) => {
        const zone = await zoneOf(userId);
        return await database.read('notifications', async ({ sql }) => {
          const { settings } = await new PreferencesRepository(sql, tenantId).ofUser(userId);
          return await showPersonal(sql, tenantId, userId, settings, zone);
        });
      },
    }),
    route({
      method: 'put',
      path: '/v1/notifications/preferences',
      summary: 'Say how you wish to be told in this organisation',
      description:
        'What is left out is as the organisation has it. A category whose mails you ask for here is subscribed to again if a link had unsubscribed you.',
      tag,
      access: 'notifications:write',
      rate: 'write',
      body: personalSettings,
      ifMatch: true,
      responses: {
        200: { description: 'What you have said, and what holds.', body: personalView, headers: etag },
      },
      handler: async ({ principal: { tenantId, userId }, body: settings, ctx, traceId }) => {
        const zone = await zoneOf(userId);
        return await database.transaction('notifications', async (transaction) => {
          const { sql, publish } = transaction;
          const preferences = new PreferencesRepository(sql, tenantId);
          await preferences.lock(userId);
          requireMatch(ctx, (await preferences.ofUser(userId)).settings);
          await preferences.put(userId, settings);
          await subscribeAgain(transaction, tenantId, userId, wantedBy(settings));
          await publish({
            type: 'notification.preferences_changed',
            tenantId,
            subject: `user:${userId}`,
            data: { user_id: userId },
            actorId: userId,
            traceId,
          });
          return await showPersonal(sql, tenantId, userId, settings, zone);
        });
      },
    }),
    route({
      method: 'get',
      path: '/v1/notifications/organisation-preferences',
      summary: 'How the organisation has its people and customers told',
      tag,
      access: 'notifications:manage',
      rate: 'read',
      responses: {
        200: { description: 'What was said, and what holds.', body: organisationView, headers: etag },
      },
      handler: async ({ principal: { tenantId } }) => {
        const { settings } = await database.read('notifications', ({ sql }) =>
          new PreferencesRepository(sql, tenantId).ofOrganisation(),
        );
        return showOrganisation(settings);
      },
    }),
    route({
      method: 'put',
      path: '/v1/notifications/organisation-preferences',
      summary: 'Say how the organisation has its people and customers told',
      description: 'People may say otherwise for themselves. Customers get what is said here.',
      tag,
      access: 'notifications:manage',
      rate: 'write',
      body: organisationSettings,
      ifMatch: true,
      responses: {
        200: { description: 'What was said, and what holds.', body: organisationView, headers: etag },
      },
      handler: async ({ principal: { tenantId, userId }, body: settings, ctx, traceId }) =>
        await database.transaction('notifications', async ({ sql, publish }) => {
          const preferences = new PreferencesRepository(sql, tenantId);
          await preferences.lock(null);
          requireMatch(ctx, (await preferences.ofOrganisation()).settings);
          await preferences.put(null, settings);
          await publish({
            type: 'notification.organisation_preferences_changed',
            tenantId,
            subject: `organisation:${tenantId}`,
            data: {},
            actorId: userId,
            traceId,
          });
          return showOrganisation(settings);
        }),
    }),
  ];
}

/** What a user has said, and what holds with what the organisation has said. */
async function showPersonal(
  sql: Sql,
  tenantId: string,
  userId: string,
  settings: PersonalSettings,
  zone: string | null,
): Promise<Reply> {
  const { settings: organisation } = await new PreferencesRepository(sql, tenantId).ofOrganisation();
  const unsubscribed = await unsubscribedBy(sql, tenantId, userId);
  return {
    status: 200,
    headers: { ETag: etagOf(settings) },
    body: { settings, effective: effectiveOf(settings, organisation, zone), unsubscribed },
  };
}

function showOrganisation(settings: OrganisationSettings): Reply {
  return {
    status: 200,
    headers: { ETag: etagOf(settings) },
    body: { settings, effective: effectiveOf(null, settings, null) },
  };
}

function effectiveOf(
  personal: PersonalSettings | null,
  organisation: OrganisationSettings,
  zone: string | null,
): z.output<typeof effective> {
  const { cadence: matrix, timeZone, quietHours, digestTime } = wishesOf(personal, organisation, zone);
  return { categories: matrix, time_zone: timeZone, quiet_hours: quietHours, digest_time: digestTime };
}

/** The categories whose mails somebody has asked for in so many words. */
function wantedBy({ categories: said }: PersonalSettings): Category[] {
  return personalCategories.filter((category) => {
    const email = said[category]?.email;
    return email !== undefined && email !== 'never';
  });
}
