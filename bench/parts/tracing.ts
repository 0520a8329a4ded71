import { join } from 'node:path';
import { startTethered } from '../../platform/local/process.ts';
import { root } from '../stage/stage.ts';
import type { Part } from './part.ts';
import { compared, measureSpeeds } from './with-and-without.ts';

/** What it costs to send the trace of every request and every activity to a collector. */
export const tracing: Part = {
  name: 'tracing',
  about: 'reads, searches, commands and a batch with every trace sent (OTLP), against none',
  async run(stage, { full }) {
    const { promise: listening, resolve } = Promise.withResolvers<string>();
    const collector = await startTethered({
      name: 'the collector',
      command: process.execPath,
      args: [join(root, 'bench/stage/collector.mjs')],
      onLine: resolve,
    });
    try {
      const without = await stage.withSettings({}, () => measureSpeeds(stage, full));
      const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: await listening };
      const traced = await stage.withSettings(settings, () => measureSpeeds(stage, full));
      return compared('tracing', without, traced);
    } finally {
      await collector.stop();
    }
  },
};
