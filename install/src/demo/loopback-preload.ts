/**
 * Loaded into the example MCP server before its own code: that server listens on all interfaces, the demo wants loopback.
 * Tells its parent the port, and the credential that each request carried.
 */
import { Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, Server } from 'node:net';

/** What the preload tells over IPC. */
export type McpExampleReport = { readonly port: number } | { readonly authorization: string };

function tell(report: McpExampleReport): void {
  process.send?.(report);
}

type Method<T> = (this: T, ...args: unknown[]) => unknown;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const listen = Server.prototype.listen as Method<Server>;
Server.prototype.listen = function (this: Server, port: unknown, ...rest: unknown[]): Server {
  this.once('listening', () => {
    tell({ port: (this.address() as AddressInfo).port });
  });
  return listen.call(this, { port: Number(port), host: '127.0.0.1' }, ...rest) as Server;
} as typeof Server.prototype.listen;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const emit = HttpServer.prototype.emit as Method<HttpServer>;
HttpServer.prototype.emit = function (this: HttpServer, event: unknown, ...args: unknown[]): boolean {
  if (event === 'request') {
    tell({ authorization: (args[0] as IncomingMessage).headers.authorization ?? '' });
  }
  return emit.call(this, event, ...args) as boolean;
};

process.once('disconnect', () => process.exit(0));
