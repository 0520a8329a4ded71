import { z } from 'zod';

/** The parts of EasyPost's objects that are read. Everything else in them is left alone. */
const rate = z.object({
  id: z.string(),
  carrier: z.string(),
  service: z.string(),
  /** A decimal number as text, in major units. */
  rate: z.string().regex(/^\d{1,9}(\.\d{1,5})?$/),
  currency: z.string().length(3),
  delivery_days: z.int().nullish(),
});
export type EasyPostRate = z.output<typeof rate>;

export const tracker = z.object({
  id: z.string(),
  tracking_code: z.string(),
  status: z.string(),
  status_detail: z.string().nullish(),
  carrier: z.string().nullish(),
  est_delivery_date: z.string().nullish(),
  public_url: z.string().nullish(),
  updated_at: z.string(),
  tracking_details: z.array(
    z.object({
      status: z.string(),
      status_detail: z.string().nullish(),
      message: z.string().nullish(),
      datetime: z.string(),
      tracking_location: z
        .object({ city: z.string().nullish(), state: z.string().nullish(), country: z.string().nullish() })
        .nullish(),
    }),
  ),
});
export type EasyPostTracker = z.output<typeof tracker>;

export const trackerPage = z.object({ trackers: z.array(tracker) });

export const shipment = z.object({
  id: z.string(),
  reference: z.string().nullish(),
  rates: z.array(rate),
  selected_rate: rate.nullish(),
  postage_label: z.object({ label_url: z.string().nullish(), label_pdf_url: z.string().nullish() }).nullish(),
  tracking_code: z.string().nullish(),
  tracker: z.object({ id: z.string(), public_url: z.string().nullish() }).nullish(),
  refund_status: z.string().nullish(),
});
export type EasyPostShipment = z.output<typeof shipment>;

export const failedAnswer = z.object({ error: z.object({ code: z.string(), message: z.unknown() }) });
