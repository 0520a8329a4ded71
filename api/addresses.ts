import type { Route } from './route.ts';

/** A route at an address, with what the address has in place of its parameters. */
export interface Found {
  /** The route of the method, and the parameters by its names; null when the address does not take that method. */
  route: Route | null;
  params: Record<string, string>;
  /** What the address takes. A GET may be asked by HEAD as well. */
  methods: readonly string[];
  /** The routes at the address, whatever their methods. */
  routes: readonly Route[];
}

/** The segments of a path so far. */
interface Place {
  literals: Map<string, Place>;
  parameter: Place | null;
  /** What takes all that is left. */
  rest: Route[];
  here: Route[];
}

/**
 * The addresses of all routes, as a tree by segments: finding one takes as long as its address is, however many routes there
 * are. Of several that fit, the most literal one is meant, so that `/v1/invitations/accept` is no invitation called
 * "accept", whatever the method. A slash at the end and capitals change nothing.
 */
export class Addresses {
  readonly #root = newPlace();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  find(method: string, path: string): Found | null {
    const segments = segmentsOf(path);
    const values: string[] = [];
    const routes = search(this.#root, segments, 0, values);
    if (!routes) return null;
    const asked = method === 'HEAD' ? 'GET' : method;
    const route = routes.find((one) => one.method.toUpperCase() === asked) ?? null;
    return { route, params: route ? paramsOf(route, values) : {}, methods: methodsOf(routes), routes };
  }

  #add(route: Route): void {
    let place = this.#root;
    for (const segment of segmentsOf(route.path)) {
      if (segment.startsWith('*')) {
        place.rest.push(route);
        return;
      }
      if (segment.startsWith(':')) place = place.parameter ??= newPlace();
      else {
        const literal = segment.toLowerCase();
        let next = place.literals.get(literal);
        if (!next) place.literals.set(literal, (next = newPlace()));
        place = next;
      }
    }
    place.here.push(route);
  }
}

function newPlace(): Place {
  return { literals: new Map(), parameter: null, rest: [], here: [] };
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  return segments;
}

/** No deeper than the longest declared address, however long the asked one is. */
function search(place: Place, segments: readonly string[], at: number, values: string[]): Route[] | null {
  const segment = segments[at];
  if (segment === undefined) return place.here.length > 0 ? place.here : null;
  const literal = place.literals.get(segment) ?? place.literals.get(segment.toLowerCase());
  const found = literal && search(literal, segments, at + 1, values);
  if (found) return found;
  if (segment !== '' && place.parameter) {
    values.push(segment);
    const further = search(place.parameter, segments, at + 1, values);
    if (further) return further;
    values.pop();
  }
  const rest = segments.slice(at).join('/');
  if (place.rest.length === 0 || rest === '') return null;
  values.push(rest);
  return place.rest;
}

function paramsOf(route: Route, values: readonly string[]): Record<string, string> {
  const names = segmentsOf(route.path).filter((segment) => /^[:*]/.test(segment));
  return Object.fromEntries(names.map((name, index) => [name.slice(1), decoded(values[index] ?? '')]));
}

/** What cannot be decoded stands for itself, and fits nothing that exists. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function methodsOf(routes: readonly Route[]): string[] {
  const methods = routes.map(({ method }) => method.toUpperCase());
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['HEAD', 'GET'] : [method])))];
}
