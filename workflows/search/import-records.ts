import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { isImportFinished } from '../../domain/search/import.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import { clearRetiredContents } from './clear-contents.ts';
import type { ImportActivities, ImportRecordsInput, ImportView } from './messages.ts';
import { longStep } from './steps.ts';

const activities = proxyActivities<ImportActivities>(longStep);

const steps = {
  submitted: ['validateImport', 'Read the file through'],
  validating: ['validateImport', 'Read the file through'],
  importing: ['importRows', 'Store people'],
  publishing: ['publishImport', 'Write the report and show the people'],
} as const;

/**
 * An import of people into a record set. The database says where it stands; each step moves it on there. A replacement is
 * filled out of sight and shown at once; then what it has replaced is deleted.
 */
export async function importRecords(input: ImportRecordsInput): Promise<void> {
  let view = note(await activities.readImport(input));
  while (!isImportFinished(view.phase)) {
    const [name, summary] = steps[view.phase as keyof typeof steps];
    const options = { ...longStep, summary, priority: { fairnessKey: input.tenantId } };
    const next = await activities[name].executeWithOptions(options, [input]);
    view = note(next, view);
  }
  await clearRetiredContents({ recordSetId: view.recordSetId, tenantId: input.tenantId });
}

function note(view: ImportView, before?: ImportView): ImportView {
  setCurrentDetails(view.details);
  if (view.phase !== before?.phase) {
    upsertSearchAttributes([{ key: processStatusAttribute, value: view.phase }]);
  }
  return view;
}
