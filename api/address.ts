import type { Context } from 'koa';
import type { Route } from './route.ts';

interface Layer {
  path: string;
  methods: string[];
}

/**
 * Whether a route's address is the one that the request means. Several may fit: of them it is the most literal one, so
 * that `/v1/invitations/accept` is no invitation called "accept", whatever the method.
 */
export function isAddressed(route: Route, ctx: Context): boolean {
  return mostLiteral(layersOf(ctx)) === route.path;
}

/** The methods that the request's address takes; empty when there is nothing at it. */
export function methodsAt(ctx: Context): string[] {
  const layers = layersOf(ctx);
  const address = mostLiteral(layers);
  return [...new Set(layers.filter(({ path }) => path === address).flatMap(({ methods }) => methods))];
}

function layersOf(ctx: Context): readonly Layer[] {
  return (ctx['matched'] ?? []) as Layer[];
}

function mostLiteral(layers: readonly Layer[]): string | undefined {
  return layers.map(({ path }) => path).sort((a, b) => (ranksOf(a) < ranksOf(b) ? -1 : 1))[0];
}

/** A digit for each segment: what fits less comes first. */
function ranksOf(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.includes('*') ? 2 : segment.includes(':') ? 1 : 0))
    .join('');
}
