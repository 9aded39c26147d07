/**
 * Preloaded (`node --import`) into the example MCP server, which binds all interfaces and keeps its requests to itself:
 * forces loopback, and reports its port and the headers of each request to the parent over IPC.
 */
import { Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, Server } from 'node:net';

/** What the preload reports. */
export type McpEverythingReport =
  | { readonly listening: number }
  | { readonly method: string; readonly url: string; readonly rawHeaders: readonly string[] };

const report = (message: McpEverythingReport): void => void process.send?.(message);

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this` below
const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
Server.prototype.listen = function (this: Server, port?: unknown, ...rest: unknown[]): Server {
  this.once('listening', () => {
    report({ listening: (this.address() as AddressInfo).port });
  });
  const callback = rest.find((argument) => typeof argument === 'function');
  return listen.call(this, Number(port), '127.0.0.1', callback);
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this` below
const emit = HttpServer.prototype.emit as (
  this: HttpServer,
  event: string | symbol,
  ...args: unknown[]
) => boolean;
HttpServer.prototype.emit = function (this: HttpServer, event: string | symbol, ...args: unknown[]): boolean {
  if (event === 'request') {
    const { method = '', url = '', rawHeaders } = args[0] as IncomingMessage;
    report({ method, url, rawHeaders });
  }
  return emit.call(this, event, ...args);
};

process.on('disconnect', () => process.exit(0));
