import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { ImageProcesses } from '../../platform/images/image-process.ts';
import { createAssetRoutes } from './asset.routes.ts';
import { createDesignRoutes } from './design.routes.ts';
import { createOptimisationRoutes } from './optimisation.routes.ts';
import { createPresetRoutes } from './preset.routes.ts';
import { createPreviewRoutes } from './preview.routes.ts';
import { createSharedDesignRoutes } from './shared-design.routes.ts';
import { createSharingRoutes } from './sharing.routes.ts';
import { createVersionRoutes } from './version.routes.ts';

/** Designs with their versions and pictures, presets to begin with, and who else may see them. */
export function createDesignsRoutes(services: Services): Route[] {
  // The largest picture takes some 250 MB while it is looked at; an API process has no room for two.
  const images = new ImageProcesses({ atOnce: 1, patience: 60 });
  return [
    ...createDesignRoutes(services),
    ...createVersionRoutes(services),
    ...createPresetRoutes(services),
    ...createAssetRoutes(services, images),
    ...createPreviewRoutes(services),
    ...createOptimisationRoutes(services),
    ...createSharingRoutes(services),
    ...createSharedDesignRoutes(services),
  ];
}
