import type { ComposeFile } from './compose-file.ts';

export interface Router {
  /** The service of the compose file that it leads to. */
  service: string;
  port: number;
  rule: string;
  matches: (path: string) => boolean;
}

/** The routers that the labels of the compose file give to Traefik, in the order in which it tries them: longest first. */
export function routersOf(compose: ComposeFile): Router[] {
  return Object.entries(compose.services)
    .flatMap(([service, { labels = {} }]) => {
      if (labels['traefik.enable'] !== 'true') return [];
      const rule = labels[`traefik.http.routers.${service}.rule`] ?? '';
      const port = Number(labels[`traefik.http.services.${service}.loadbalancer.server.port`]);
      return [{ service, port, rule, matches: matcherOf(rule) }];
    })
    .sort((a, b) => b.rule.length - a.rule.length);
}

/** The part of Traefik's rule language that the compose file uses: Path, PathPrefix and ||. Refuses any other. */
function matcherOf(rule: string): (path: string) => boolean {
  const matchers = rule.split('||').map((term) => {
    const [, kind, value] = /^\s*(Path|PathPrefix)\(`([^`]+)`\)\s*$/.exec(term) ?? [];
    if (!kind || !value) throw new Error(`Not a rule that is understood here: ${term}`);
    // A prefix of characters, not of segments.
    return kind === 'Path' ? (path: string) => path === value : (path: string) => path.startsWith(value);
  });
  return (path) => matchers.some((matches) => matches(path));
}
