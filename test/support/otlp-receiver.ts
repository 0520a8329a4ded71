import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Reader } from 'protobufjs';

/** A span as a backend gets it. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  name: string;
  /** Of `service.name`. */
  service: string;
  /** 2 is an error. */
  status: number;
  attributes: Record<string, string | number | boolean>;
}

export interface OtlpReceiver {
  endpoint: string;
  spans: ReceivedSpan[];
  /** Everything that has come, as text: for what must not be in it. */
  text(): string;
  close(): Promise<void>;
}

/** Takes traces as any OpenTelemetry backend does: OTLP by HTTP, in protobuf. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      const known = request.url === '/v1/traces';
      if (known) spans.push(...readExport(body));
      response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => Buffer.concat(bodies).toString('latin1'),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The fields of a message by number; of those that repeat, each. Numbers as in opentelemetry-proto's trace.proto. */
function fieldsOf(bytes: Uint8Array): Map<number, unknown[]> {
  const reader = Reader.create(bytes);
  const fields = new Map<number, unknown[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const value = readValue(reader, tag & 7);
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function readValue(reader: Reader, wireType: number): unknown {
  if (wireType === 0) return Number(reader.uint64());
  if (wireType === 1) return reader.double();
  if (wireType === 2) return reader.bytes();
  return reader.fixed32();
}

const messages = (fields: Map<number, unknown[]>, number: number) =>
  (fields.get(number) ?? []) as Uint8Array[];
const hex = (value: unknown) => Buffer.from((value as Uint8Array | undefined) ?? []).toString('hex');
const text = (value: unknown) => Buffer.from((value as Uint8Array | undefined) ?? []).toString();

function readExport(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const { resource, scopes } = { resource: 1, scopes: 2 };
    const all = fieldsOf(resourceSpans);
    const [about = new Uint8Array()] = messages(all, resource);
    const service = String(readAttributes(messages(fieldsOf(about), 1))['service.name']);
    return messages(all, scopes).flatMap((scope) =>
      messages(fieldsOf(scope), 2).map((span) => readSpan(fieldsOf(span), service)),
    );
  });
}

function readSpan(fields: Map<number, unknown[]>, service: string): ReceivedSpan {
  const [status] = messages(fields, 15);
  return {
    traceId: hex(fields.get(1)?.[0]),
    spanId: hex(fields.get(2)?.[0]),
    parentSpanId: hex(fields.get(4)?.[0]),
    name: text(fields.get(5)?.[0]),
    service,
    status: status ? Number(fieldsOf(status).get(3)?.[0] ?? 0) : 0,
    attributes: readAttributes(messages(fields, 9)),
  };
}

function readAttributes(pairs: readonly Uint8Array[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const fields = fieldsOf(pair);
      const value = fieldsOf(messages(fields, 2)[0] ?? new Uint8Array());
      const [string] = messages(value, 1);
      const other = value.get(2)?.[0] ?? value.get(3)?.[0] ?? value.get(4)?.[0];
      return [text(fields.get(1)?.[0]), string ? text(string) : Number(other)];
    }),
  );
}
