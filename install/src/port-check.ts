import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { GatewayError } from '@hiclaw/service-kit';
import { hasErrorCode } from './error-code.js';

/** An address somebody is about to listen on. */
export interface WantedPort {
  /** As in the error message, such as `gateway replica 0`. */
  readonly what: string;
  readonly bind: string;
  readonly port: number;
  /** Environment variable that sets the port. */
  readonly variable: string;
}

const LISTEN_STATE = '0A';

function listeningInodes(port: number): ReadonlySet<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/net/${table}`, 'latin1').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(wanted) === true && fields[3] === LISTEN_STATE) inodes.add(fields[9] ?? '');
    }
  }
  return inodes;
}

/** Who listens on a port, such as `process 123 (nginx)`. Best effort: another user's processes cannot be looked into. */
function holderOf(port: number): string {
  try {
    const sockets = new Set([...listeningInodes(port)].map((inode) => `socket:[${inode}]`));
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const holds = readdirSync(`/proc/${pid}/fd`).some((fd) =>
          sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`)),
        );
        if (holds) return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`;
      } catch {
        // ended meanwhile, or another user's
      }
    }
  } catch {
    // not Linux
  }
  return 'another program';
}

function listenOnce(bind: string, port: number): Promise<Error | null> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', settle);
    server.listen({ host: bind, port, exclusive: true }, () => {
      server.close(() => {
        settle(null);
      });
    });
  });
}

/**
 * @throws GatewayError `PORT_IN_USE`, `PORT_FORBIDDEN`, `BIND_INVALID`, each naming the variable to change
 */
export async function checkPort({ what, bind, port, variable }: WantedPort): Promise<void> {
  const error = await listenOnce(bind, port);
  if (error === null) return;
  if (hasErrorCode(error, 'EADDRINUSE')) {
    throw new GatewayError(
      'PORT_IN_USE',
      `Port ${port} on ${bind}, wanted for the ${what}, is in use by ${holderOf(port)}. Stop that, or set ${variable} to a free port.`,
    );
  }
  if (hasErrorCode(error, 'EACCES')) {
    throw new GatewayError(
      'PORT_FORBIDDEN',
      `Port ${port}, wanted for the ${what}, needs more rights; set ${variable} to a port from 1024 up.`,
    );
  }
  throw new GatewayError(
    'BIND_INVALID',
    `${bind}:${port}, wanted for the ${what}, cannot be listened on (${error.message}); set HICLAW_BIND to an address of this machine.`,
  );
}
