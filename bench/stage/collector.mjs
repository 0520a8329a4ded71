import { createServer } from 'node:http';
import { once } from 'node:events';

/** Takes what is sent to it by OTLP and keeps nothing. Prints its address. */
let bytes = 0;
const server = createServer((request, response) => {
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
process.once('SIGTERM', () => process.stdout.write(`${bytes}\n`, () => process.exit(0)));
