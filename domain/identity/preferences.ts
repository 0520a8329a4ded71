import { z } from 'zod';

const timeZones = new Set(Intl.supportedValuesOf('timeZone').concat('UTC'));

/** Whether the IANA database has a time zone of this name. */
export function isTimeZone(name: string): boolean {
  return timeZones.has(name);
}

/** What a user likes, but for notices, which have preferences of their own. Everything has a default, so an account starts with none of it said. */
export const preferencesSchema = z
  .strictObject({
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/)
      .default('en')
      .meta({ description: 'BCP 47.', example: 'en' }),
    time_zone: z
      .string()
      .refine(isTimeZone, 'Not a time zone of the IANA database.')
      .default('UTC')
      .meta({ example: 'Europe/Berlin' }),
    theme: z.enum(['system', 'light', 'dark']).default('system'),
  })
  .meta({
    id: 'Preferences',
    example: {
      language: 'en',
      time_zone: 'Europe/Berlin',
      theme: 'dark',
    },
  });

export type Preferences = z.output<typeof preferencesSchema>;

export function defaultPreferences(): Preferences {
  return preferencesSchema.parse({});
}
