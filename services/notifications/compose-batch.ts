import { countsOf } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { subjectId } from '../../domain/events/subject.ts';
import { nullFor } from '../../domain/failure.ts';
import { batchEndedMail } from '../../domain/search/batch-mail.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { Compose } from './composer.ts';
import { mailOf } from './composer-parts.ts';

export const composeBatchEnded: Compose = async (parts, { tenantId, subject, data, userId }) => {
  const batch = await parts.database
    .read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, subjectId(subject)))
    .catch(nullFor('search.batch_not_found'));
  // Deleted meanwhile.
  if (!batch) return null;
  const ended = {
    id: batch.id,
    name: batch.name,
    phase: data['phase'] as 'completed' | 'cancelled' | 'failed',
    rows: countsOf(batch),
    cost: `${formatDecimal(batch.costMicros)} ${batch.currency}`,
    problem: batch.problem?.message ?? null,
  };
  return {
    content: batchEndedMail(ended, parts.config.PUBLIC_URL),
    address: await mailOf(parts, userId),
  };
};
