import type { ErrorCode } from '../../domain/errors.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import type { Channel } from './channel.ts';
import { subprotocol } from './messages.ts';
import { Session } from './session.ts';

const failures: readonly ErrorCode[] = [
  'request.upgrade_required',
  'request.origin_refused',
  'request.invalid',
  'request.too_many_connections',
  'service.too_many_connections',
];

/** Declares the WebSocket of a domain: one address, and what is told over it. */
export function socketRoute(
  { config, log }: Pick<Services, 'config' | 'log'>,
  declaration: {
    path: string;
    summary: string;
    description: string;
    tag: string;
    access: Scope;
    channels: Readonly<Record<string, Channel>>;
  },
): Route {
  const { channels, ...rest } = declaration;
  return route({
    ...rest,
    method: 'get',
    rate: 'read',
    subprotocol,
    crossOrigins: config.WEB_ORIGINS,
    headers: {
      'Sec-WebSocket-Protocol': `\`${subprotocol}\`; a page adds \`bearer.<token>\`, as it can set no \`Authorization\`.`,
    },
    responses: { 101: { description: 'The connection is a WebSocket from here on.' } },
    failures,
    handler: async () => ({
      status: 101,
      socket: (connection) => void new Session(connection, channels, log).start(),
    }),
  });
}
