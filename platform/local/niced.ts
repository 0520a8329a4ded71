/**
 * How far Temporal stands back where it shares a machine with the API: commands are accepted without it, and whoever waits for an
 * answer goes before. Workers stand further back, and wait for it.
 */
export const behindCallers = 5;

/**
 * A program that stands back on a busy machine, from its start on: threads that it has started by then would stay where they
 * were.
 *
 * @param niceness 0: it does not
 */
export function niced(command: string, args: string[], niceness = 0): { command: string; args: string[] } {
  return niceness === 0
    ? { command, args }
    : { command: 'nice', args: ['-n', String(niceness), command, ...args] };
}
