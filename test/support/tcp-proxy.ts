import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection through the proxy: the side that has called, and the side that it wanted. */
interface Pair {
  near: Socket;
  far: Socket;
}

/** The network between two parts of a system, which a test can cut. */
export interface TcpProxy {
  /** Where it listens: a port of this machine. */
  port: number;
  /**
   * From now on nothing gets through, in either direction and without a word, as when a cable is pulled: connections stay
   * open, new ones are taken and hear nothing.
   */
  cut(): void;
  /** From now on every connection is reset, and so is every new one. */
  reset(): void;
  /** Lets everything through again; what has waited in an open connection arrives late. */
  heal(): void;
  /**
   * The next time that these words go out through the proxy they do arrive, and the connection breaks before the answer
   * is back.
   *
   * @returns settles when that has happened
   */
  loseAnswerTo(words: string): Promise<void>;
  /**
   * The same for the commits of transactions in which certain work was done, so many times at most.
   *
   * @param work what a statement of the transaction says
   * @returns ends it, and tells how many answers were lost
   */
  loseCommitsOf(work: RegExp, times: number): () => number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let state: 'whole' | 'cut' | 'reset' = 'whole';
  /** Whether the answer to what goes out on a connection is to be lost; null as long as all come back. */
  let trap: ((pair: Pair, sent: string) => boolean) | null = null;

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    breakOff(pair.near);
    breakOff(pair.far);
  };

  const server = createServer((near) => {
    const far = connect({ host: target.host ?? '127.0.0.1', port: target.port });
    const pair = { near, far };
    pairs.add(pair);
    let trapped = false;
    near.on('data', (chunk) => {
      if (trap?.(pair, chunk.toString('latin1'))) trapped = true;
      if (!far.write(chunk)) near.pause();
    });
    far.on('data', (chunk) => {
      if (trapped) end(pair);
      else if (!near.write(chunk)) far.pause();
    });
    near.on('drain', () => state !== 'cut' && far.resume());
    far.on('drain', () => state !== 'cut' && near.resume());
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true);
      one.on('end', () => other.end());
      // Whatever ends one side ends the other.
      one.on('error', () => end(pair));
      one.on('close', () => end(pair));
    }
    if (state === 'reset') end(pair);
    if (state === 'cut') hold(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut';
      for (const pair of pairs) hold(pair);
    },
    reset: () => {
      state = 'reset';
      for (const pair of pairs) end(pair);
    },
    heal: () => {
      state = 'whole';
      for (const { near, far } of pairs) {
        near.resume();
        far.resume();
      }
    },
    loseAnswerTo: async (words) => {
      const caught = await new Promise<Pair>((sprung) => {
        trap = (pair, sent) => {
          if (!sent.includes(words)) return false;
          trap = null;
          sprung(pair);
          return true;
        };
      });
      if (!caught.near.closed) await once(caught.near, 'close');
    },
    loseCommitsOf: (work, times) => {
      const atWork = new Set<Pair>();
      let lost = 0;
      trap = (pair, sent) => {
        if (/\bbegin\b/.test(sent)) atWork.delete(pair);
        if (work.test(sent)) atWork.add(pair);
        if (!/\bcommit\b/.test(sent) || !atWork.delete(pair) || lost === times) return false;
        lost += 1;
        return true;
      };
      return () => {
        trap = null;
        return lost;
      };
    },
    close: async () => {
      for (const pair of pairs) end(pair);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** By a reset. A socket that is already ending can't be reset: its handle would never close, and the process never end. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Reads nothing any more, so that what is sent stays where it is. */
function hold({ near, far }: Pair): void {
  near.pause();
  far.pause();
}
