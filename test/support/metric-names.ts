/** What Prometheus and the Temporal server bring, and our processes don't. */
const fromElsewhere = new Set(['up', 'approximate_backlog_count']);

/** The names of series in an expression of PromQL that our own processes must serve. */
export function metricNamesIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on)\s*\([^)]*\)/g, ' ');
  const names = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g) ?? [];
  return names.filter((name) => !fromElsewhere.has(name) && !['and', 'or', 'unless'].includes(name));
}

/** The names of series in scrapes; of a histogram those that Prometheus makes of it, also before its first value. */
export function scrapedNames(scrapes: readonly string[]): Set<string> {
  const types = scrapes.flatMap((text) => Array.from(text.matchAll(/^# TYPE (\S+) (\w+)$/gm)));
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}
