import { parse, parseAllDocuments } from 'yaml';
import { readText } from './compose-file.ts';
import type { Json } from './json.ts';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // Loose, as tests look into it.
  spec: Json;
}

const folder = 'deploy/kubernetes/';

/** Every manifest of a file of deploy/kubernetes/. */
export function manifestsIn(file: string): Manifest[] {
  return parseAllDocuments(readText(folder + file)).map((document) => document.toJS() as Manifest);
}

/**
 * The manifests of deploy/kubernetes/kustomization.yaml with its patches, as `kustomize build` puts them together: maps are
 * merged, lists of things with names are merged by name, and other lists are replaced.
 */
export function kustomized(): Manifest[] {
  const { resources, patches } = parse(readText(`${folder}kustomization.yaml`)) as {
    resources: string[];
    patches: { path: string; target: { kind: string; labelSelector: string } }[];
  };
  return resources.flatMap(manifestsIn).map((manifest) => {
    const matching = patches.filter(({ target }) => {
      const [label = '', value] = target.labelSelector.split('=');
      return manifest.kind === target.kind && manifest.metadata.labels?.[label] === value;
    });
    return matching.reduce((merged, { path }) => {
      const [patch] = manifestsIn(path);
      return { ...merged, spec: merge(merged.spec, patch?.spec) };
    }, manifest);
  });
}

function merge(base: unknown, patch: unknown): unknown {
  if (patch === undefined) return base;
  if (isNamedList(base) && isNamedList(patch)) {
    const rest = patch.filter(({ name }) => !base.some((one) => one.name === name));
    return [
      ...base.map(
        (one) =>
          merge(
            one,
            patch.find(({ name }) => name === one.name),
          ) as Named,
      ),
      ...rest,
    ];
  }
  if (!isMap(base) || !isMap(patch)) return patch;
  const names = new Set([...Object.keys(base), ...Object.keys(patch)]);
  return Object.fromEntries(Array.from(names, (name) => [name, merge(base[name], patch[name])]));
}

interface Named {
  name: string;
}

function isNamedList(value: unknown): value is Named[] {
  return Array.isArray(value) && value.every((item) => isMap(item) && 'name' in item);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
