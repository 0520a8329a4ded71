import { z } from 'zod';

const common = {
  headline: z.string().trim().max(120).optional(),
  about: z.string().trim().max(4_000).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .meta({ description: 'ISO 3166-1 alpha-2.', example: 'PH' }),
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/)
    .optional()
    .meta({ description: 'E.164.', example: '+639171234567' }),
};

/** A decimal number, never a float: money. */
const amount = z.string().regex(/^\d{1,9}(\.\d{1,2})?$/);

/** Who a user is: a person, a virtual assistant (VA) who offers work, or a company that asks for it. */
export const profileSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('person'), ...common }),
    z.strictObject({
      kind: z.literal('va'),
      ...common,
      skills: z.array(z.string().trim().min(1).max(60)).max(50).optional(),
      languages: z
        .array(z.string().regex(/^[a-z]{2,3}$/))
        .max(20)
        .optional(),
      hourly_rate: z
        .strictObject({ amount, currency: z.string().regex(/^[A-Z]{3}$/) })
        .optional()
        .meta({ example: { amount: '12.50', currency: 'USD' } }),
      hours_per_week: z.int().min(1).max(80).optional(),
    }),
    z.strictObject({
      kind: z.literal('company'),
      ...common,
      company_name: z.string().trim().min(1).max(200).optional(),
      website: z
        .url({ protocol: /^https?$/ })
        .max(300)
        .optional(),
      size: z.enum(['1', '2-10', '11-50', '51-200', '201-1000', '1001+']).optional(),
      industry: z.string().trim().max(120).optional(),
    }),
  ])
  .meta({
    id: 'Profile',
    example: {
      kind: 'va',
      headline: 'Bookkeeping and customer care',
      country: 'PH',
      skills: ['bookkeeping'],
    },
  });

export type Profile = z.output<typeof profileSchema>;

export const profileKinds = ['person', 'va', 'company'] as const;
