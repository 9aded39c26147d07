import { GatewayError } from '@hiclaw/service-kit';

/** The kernel's `sun_path`, without its final NUL; macOS has four bytes less than Linux. */
const MAX_SOCKET_PATH_BYTES = 103;

/** @throws GatewayError `SOCKET_PATH_TOO_LONG` */
export function checkSocketPath(socketPath: string): void {
  const length = Buffer.byteLength(socketPath);
  if (length <= MAX_SOCKET_PATH_BYTES) return;
  throw new GatewayError(
    'SOCKET_PATH_TOO_LONG',
    `the socket path ${socketPath} has ${length} bytes, at most ${MAX_SOCKET_PATH_BYTES} are possible; choose a shorter HICLAW_HOME`,
  );
}
