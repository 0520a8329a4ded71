import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTethered } from '../../platform/local/process.ts';
import type { Gateway } from './gateway.ts';
import type { Router } from './gateway-rules.ts';
import { findProgram } from './programs.ts';
import { runFolder } from './run.ts';
import { until } from './until.ts';

/** The nginx of this machine: `NGINX_PATH`, else by the PATH. Undefined where there is none. */
export function findNginx(): string | undefined {
  return findProgram('nginx', 'NGINX_PATH');
}

/** Starts nginx as the gateway, with the routes that the compose file gives to Traefik. */
export async function startNginx(
  program: string,
  routers: readonly Router[],
  portOf: (service: string) => number | undefined,
  port: number,
): Promise<Gateway> {
  const folder = await mkdtemp(join(await runFolder(), 'nginx-'));
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configOf(folder, routers, portOf, port));
  const child = await startTethered({
    name: 'nginx',
    command: program,
    args: ['-p', folder, '-c', config, '-e', 'stderr'],
    stop: [
      { signal: 'SIGQUIT', wait: 5 },
      { signal: 'SIGTERM', wait: 5 },
    ],
  });
  const close = async () => void (await child.stop());
  try {
    await until(async () => {
      if (child.exit) throw new Error(`nginx ended:\n${child.lastLines().join('\n')}`);
      return (await fetch(`http://127.0.0.1:${port}/`)).status === 404;
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { port, close };
}

function configOf(
  folder: string,
  routers: readonly Router[],
  portOf: (service: string) => number | undefined,
  port: number,
): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const locations = routers.flatMap(({ service, paths }) =>
    paths.map(
      ({ kind, value }) =>
        `    location ${kind === 'Path' ? '=' : '^~'} ${value} { proxy_pass http://127.0.0.1:${portOf(service)}; }`,
    ),
  );
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  client_max_body_size 2g;
  proxy_http_version 1.1;
  proxy_request_buffering off;
  proxy_buffering off;
  proxy_read_timeout 3600s;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Real-IP $remote_addr;
  server {
    listen 127.0.0.1:${port};
${locations.join('\n')}
    location / { return 404; }
  }
}
`;
}
