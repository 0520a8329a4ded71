import type { Design, Version, VersionFacts } from '../../db/designs/design.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';

export function designAddress(id: string): string {
  return `/v1/designs/${id}`;
}

export function presentSummary(design: Design): object {
  return {
    id: design.id,
    name: design.name,
    tags: design.tags,
    product_sku: design.productSku,
    version: design.version,
    access: design.access,
    origin: design.origin,
    created_by: design.createdBy,
    ordered_at: design.orderedAt?.toISOString() ?? null,
    created_at: design.createdAt.toISOString(),
    updated_at: design.updatedAt.toISOString(),
  };
}

export function presentDesign(design: Design, document: DesignDocument): object {
  return { ...presentSummary(design), document };
}

export function presentVersionSummary(version: VersionFacts): object {
  return {
    number: version.number,
    content_hash: version.contentHash,
    made_from: version.madeFrom,
    frozen_at: version.frozenAt?.toISOString() ?? null,
    created_by: version.createdBy,
    created_at: version.createdAt.toISOString(),
  };
}

export function presentVersion(version: Version): object {
  return {
    design_id: version.designId,
    ...presentVersionSummary(version),
    document: version.document,
  };
}
