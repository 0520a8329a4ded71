import type { ComposeFile } from './compose-file.ts';

export interface RoutedPath {
  kind: 'Path' | 'PathPrefix';
  value: string;
}

export interface Router {
  /** The service of the compose file that it leads to. */
  service: string;
  port: number;
  rule: string;
  /** The paths of the rule, each whole or a prefix of characters. */
  paths: RoutedPath[];
  matches: (path: string) => boolean;
}

/** The routers that the labels of the compose file give to Traefik, in the order in which it tries them: longest first. */
export function routersOf(compose: ComposeFile): Router[] {
  return Object.entries(compose.services)
    .flatMap(([service, { labels = {} }]) => {
      if (labels['traefik.enable'] !== 'true') return [];
      const rule = labels[`traefik.http.routers.${service}.rule`] ?? '';
      const port = Number(labels[`traefik.http.services.${service}.loadbalancer.server.port`]);
      const paths = pathsOf(rule);
      const matches = (path: string) =>
        paths.some(({ kind, value }) => (kind === 'Path' ? path === value : path.startsWith(value)));
      return [{ service, port, rule, paths, matches }];
    })
    .sort((a, b) => b.rule.length - a.rule.length);
}

/** The part of Traefik's rule language that the compose file uses: Path, PathPrefix and ||. Refuses any other. */
function pathsOf(rule: string): RoutedPath[] {
  return rule.split('||').map((term) => {
    const [, kind, value] = /^\s*(Path|PathPrefix)\(`([^`]+)`\)\s*$/.exec(term) ?? [];
    if (!kind || !value) throw new Error(`Not a rule that is understood here: ${term}`);
    return { kind: kind as RoutedPath['kind'], value };
  });
}
