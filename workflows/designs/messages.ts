/** The queue of the domain's workflows and activities. */
export const designsQueue = 'designs';

/** The ID of the process that draws pictures. What had failed and is tried anew is another run. */
export function previewWorkflowId(previewId: string, run: number): string {
  return run === 0 ? `preview:${previewId}` : `preview:${previewId}:${run}`;
}

export interface RenderPreviewInput {
  previewId: string;
  tenantId: string;
  /** Which time they are drawn. Not known of those that began before it was told. */
  run?: number;
}

export function optimisationWorkflowId(optimisationId: string): string {
  return `optimisation:${optimisationId}`;
}

export interface OptimiseDesignInput {
  optimisationId: string;
  tenantId: string;
}

/** A picture that may become smaller. */
export interface CompressAssetInput extends OptimiseDesignInput {
  assetId: string;
  /** The pixels that the design shows of it at most. */
  width: number;
  height: number;
  quality: number;
}

/** What came of it. Without a replacement it is small enough as it is. */
export interface CompressedAsset {
  assetId: string;
  replacementId: string | null;
}

export interface OptimisationActivities {
  /** What is to be done; null when it is done, or nobody wants it any more. */
  planOptimisation(
    input: OptimiseDesignInput,
  ): Promise<{ assets: Omit<CompressAssetInput, keyof OptimiseDesignInput>[] } | null>;
  /** Makes a smaller copy. The same is made once. */
  compressAsset(input: CompressAssetInput): Promise<CompressedAsset>;
  /** Saves the next version with what was made, unless somebody has saved another meanwhile. Writes the report. */
  applyOptimisation(
    input: OptimiseDesignInput & { assets: readonly CompressedAsset[] },
  ): Promise<{ state: string }>;
  failOptimisation(input: OptimiseDesignInput & { code: string }): Promise<void>;
}

export interface DesignUpkeepActivities {
  /** Sweeps designs that were deleted long ago, with all but what was ordered. */
  purgeDesigns(): Promise<{ removed: number }>;
  /** Deletes pictures that no version has any more. */
  sweepPictures(): Promise<{ removed: number }>;
  /** Deletes the files of assets that are deleted, never became whole, or were replaced and are used no more. */
  sweepAssets(): Promise<{ removed: number }>;
}

export interface PreviewActivities {
  /** Draws the pictures that are not there yet, and notes that they are. Equal contents are equal files. */
  drawPreview(input: RenderPreviewInput): Promise<{ pictures: number }>;
  failPreview(input: RenderPreviewInput & { code: string }): Promise<void>;
}
