import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Header fields and body, as they came. */
  text: string;
}

/** Sends bytes that no HTTP client would, and gives the answers that come before the server closes the connection. */
export async function sendRaw(url: string, request: string | Buffer): Promise<RawAnswer[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    let heard = '';
    socket.on('data', (data: Buffer) => (heard += data.toString('latin1')));
    // A server that has had enough resets the connection: what it has said before counts.
    socket.on('error', () => undefined);
    socket.write(request);
    await new Promise((resolve) => socket.once('close', resolve));
    return heard
      .split(/(?=^HTTP\/1\.1 )/m)
      .filter(Boolean)
      .map((text) => ({ status: Number(text.slice(9, 12)), text }));
  } finally {
    socket.destroy();
  }
}
