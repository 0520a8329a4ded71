import { proxyActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { TenantErasureActivities } from '../tenants/messages.ts';
import type { EraseTenantInput, IdentityActivities } from './messages.ts';

// All of it brings things to where they should be, so to repeat it is harmless; and there is nothing to do but go on.
const untilItWorks = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
} as const;
const { endTenantWorkflows, destroyTenantKeys } = proxyActivities<IdentityActivities>(untilItWorks);
const { eraseTenantData } = proxyActivities<TenantErasureActivities>(untilItWorks);

/** An activity of a workflow that was ended hears of it with its next heartbeat, some seconds later. */
const stragglers = '15 seconds';

/**
 * Erases a tenant that was deleted: first what runs for it ends, then each domain erases its part on its own queue, then
 * the key of its histories is destroyed. What was under way meanwhile may have left something, so all of it is done once more.
 */
export async function eraseTenant(input: EraseTenantInput): Promise<{ removed: number }> {
  const { tenantId } = input;
  setCurrentDetails('Ends what runs.');
  await endTenantWorkflows({ tenantId });
  let removed = await eraseEverywhere(input);
  setCurrentDetails('Destroys the key.');
  await destroyTenantKeys({ tenantId });
  await endTenantWorkflows({ tenantId });
  await sleep(stragglers, { summary: 'Until activities have heard that they are over' });
  removed += await eraseEverywhere(input);
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'erased' }]);
  setCurrentDetails(`Erased: ${removed} rows and files.`);
  return { removed };
}

async function eraseEverywhere({ tenantId, domains }: EraseTenantInput): Promise<number> {
  let removed = 0;
  for (const domain of domains) {
    setCurrentDetails(`Erases the part of ${domain}. ${removed} rows and files are gone.`);
    for (let left = true; left;) {
      const options = { ...untilItWorks, taskQueue: domain, summary: `The part of ${domain}` };
      const part = await eraseTenantData.executeWithOptions(options, [{ tenantId }]);
      removed += part.removed;
      ({ left } = part);
    }
  }
  return removed;
}
