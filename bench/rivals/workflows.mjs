import { executeChild, ParentClosePolicy, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

const { searchRow } = proxyActivities({ startToCloseTimeout: '1 minute' });
const { stepOne, stepTwo, stepThree } = proxyActivities({ startToCloseTimeout: '10 seconds' });
const local = proxyLocalActivities({ startToCloseTimeout: '10 seconds' });

/** Starts a child for each row, so many at once. */
export async function slideOverRows(rows, width) {
  const left = [...rows].reverse();
  const lane = async () => {
    for (let row = left.pop(); row !== undefined; row = left.pop()) {
      await executeChild(oneRow, { args: [row], parentClosePolicy: ParentClosePolicy.ABANDON });
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

export async function oneRow(row) {
  await searchRow(row);
}

/** A short process of three steps, each a remote activity. */
export async function threeActivities(id) {
  await stepOne(id);
  await stepTwo(id);
  return await stepThree(id);
}

/** The same steps where the workflow's own worker does them, without a way through the service between them. */
export async function threeLocalActivities(id) {
  await local.stepOne(id);
  await local.stepTwo(id);
  return await local.stepThree(id);
}
