import { z } from 'zod';

const timeZones = new Set(Intl.supportedValuesOf('timeZone').concat('UTC'));

/** What a user likes. Everything has a default, so an account starts with none of it said. */
export const preferencesSchema = z
  .strictObject({
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/)
      .default('en')
      .meta({ description: 'BCP 47.', example: 'en' }),
    time_zone: z
      .string()
      .refine((zone) => timeZones.has(zone), 'Not a time zone of the IANA database.')
      .default('UTC')
      .meta({ example: 'Europe/Berlin' }),
    theme: z.enum(['system', 'light', 'dark']).default('system'),
    mail: z
      .strictObject({
        batch_completed: z.boolean().default(true),
        product_news: z.boolean().default(false),
      })
      .prefault({}),
  })
  .meta({
    id: 'Preferences',
    example: {
      language: 'en',
      time_zone: 'Europe/Berlin',
      theme: 'dark',
      mail: { batch_completed: true, product_news: false },
    },
  });

export type Preferences = z.output<typeof preferencesSchema>;

export function defaultPreferences(): Preferences {
  return preferencesSchema.parse({});
}
