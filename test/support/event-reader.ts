import assert from 'node:assert/strict';
import type { Json } from './json.ts';

export interface ReadEvent {
  id: string;
  event: string;
  // Loose, as tests look into it.
  data: Json;
}

/** Reads a stream of server-sent events as a page would, one after the other. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';
  /** Signs of life that have come. */
  heartbeats = 0;

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .getReader();
  }

  static async open(
    url: string,
    headers: Record<string, string>,
    path = '/v1/notifications/stream',
  ): Promise<EventReader> {
    const response = await fetch(new URL(path, url), { headers });
    assert.equal(response.status, 200, response.ok ? '' : await response.text());
    assert.ok(response.body);
    return new EventReader(response.body);
  }

  /** The next event; null when the stream has ended. */
  async next(): Promise<ReadEvent | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = this.#parse(block);
        if (event) return event;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  /** Events until one of this kind, with it. */
  async until(kind: string): Promise<ReadEvent[]> {
    const events: ReadEvent[] = [];
    for (;;) {
      const event = await this.next();
      assert.ok(event, `the stream ended before ${kind}: ${JSON.stringify(events)}`);
      events.push(event);
      if (event.event === kind) return events;
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  #parse(block: string): ReadEvent | null {
    if (block.startsWith(':')) this.heartbeats += 1;
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    const event = fields.get('event');
    return event === undefined
      ? null
      : { id: fields.get('id') ?? '', event, data: JSON.parse(fields.get('data') ?? 'null') as unknown };
  }
}
