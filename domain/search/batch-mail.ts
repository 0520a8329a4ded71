/** What a mail about the end of a batch tells. */
export interface EndedBatch {
  id: string;
  name: string;
  phase: 'completed' | 'cancelled' | 'failed';
  rows: { found: number; not_found: number; failed: number; skipped: number };
  /** Decimal, with the currency. */
  cost: string;
  /** Of a batch that has failed. */
  problem: string | null;
}

export interface BatchMail {
  subject: string;
  paragraphs: string[];
  action: { label: string; url: string };
  footer: string;
}

const endings = {
  completed: 'is done',
  cancelled: 'was cancelled; what had been searched until then is kept',
  failed: 'could not be searched',
} as const;

/** The mail to whoever has started a batch. It holds counts and no person's data. */
export function batchEndedMail(batch: EndedBatch, publicUrl: string): BatchMail {
  const { name, phase, rows, cost, problem } = batch;
  const failed = phase === 'failed';
  const counts =
    `${rows.found} found, ${rows.not_found} not found, ${rows.failed} failed, ${rows.skipped} skipped. ` +
    `It has cost ${cost}.`;
  return {
    subject: `${failed ? 'Failed' : phase === 'completed' ? 'Done' : 'Cancelled'}: ${name}`,
    paragraphs: [`Your batch “${name}” ${endings[phase]}.`, failed && problem ? problem : counts],
    action: {
      label: failed ? 'The batch' : 'The results',
      url: new URL(`/v1/batches/${batch.id}${failed ? '' : '/results.csv'}`, publicUrl).href,
    },
    footer:
      'You get this mail because you started the batch. The address needs your access token or API key.',
  };
}
