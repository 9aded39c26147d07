import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GatewayError } from '@hiclaw/service-kit';
import { CREDENTIAL_INJECTION, KEY_AUTH, type PluginName } from '../render/names.js';
import { checkSocketPath } from './socket-path.js';

/** What a plugin's VM says after a new image is in force. */
export interface Confirmation {
  /** `node.id` of its Envoy. */
  readonly node: string;
  readonly plugin: PluginName;
  readonly version: bigint;
  /** Random, per VM. */
  readonly vm: string;
}

const PLUGINS: readonly PluginName[] = [KEY_AUTH, CREDENTIAL_INJECTION];
const VM = /^[0-9a-f]{16}$/;
const VERSION = /^(0|[1-9]\d{0,19})$/;
const NODE = /^[A-Za-z0-9._:-]{1,128}$/;
const MAX_URL_LENGTH = 256;
const HEADERS_TIMEOUT_MS = 5_000;

/** Reads `POST /applied?plugin=…&version=…&vm=…`; null when anything is not exactly as agreed. */
export function readConfirmation(url: string, node: string | undefined): Confirmation | null {
  if (url.length > MAX_URL_LENGTH || !url.startsWith('/applied?')) return null;
  const query = new URLSearchParams(url.slice('/applied?'.length));
  const plugin = PLUGINS.find((name) => name === query.get('plugin'));
  const version = query.get('version') ?? '';
  const vm = query.get('vm') ?? '';
  if (plugin === undefined || [...query].length !== 3) return null;
  if (!VERSION.test(version) || !VM.test(vm) || node === undefined || !NODE.test(node)) return null;
  return { node, plugin, version: BigInt(version), vm };
}

/** HTTP/1.1 on a Unix socket, for plugins that call back. */
export class CallbackServer implements AsyncDisposable {
  readonly #server: Server;

  /** @param confirm false when it knows no such gateway */
  constructor(confirm: (confirmation: Confirmation) => boolean) {
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
      answer(response, statusOf(request, confirm));
      // There is no body; what comes nevertheless is not kept.
      request.resume();
    });
  }

  /**
   * Listens; the socket is only for this user (mode 0600).
   *
   * @throws GatewayError `SOCKET_UNAVAILABLE`
   */
  async listen(socketPath: string): Promise<void> {
    checkSocketPath(socketPath);
    await rm(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(new GatewayError('SOCKET_UNAVAILABLE', `cannot listen on ${socketPath}`, { cause }));
      });
      this.#server.listen(socketPath, resolve);
    });
    await chmod(socketPath, 0o600);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function statusOf(request: IncomingMessage, confirm: (confirmation: Confirmation) => boolean): number {
  if (request.method !== 'POST') return 405;
  const node = request.headers['x-hiclaw-node'];
  const confirmation = readConfirmation(request.url ?? '', typeof node === 'string' ? node : undefined);
  if (confirmation === null) return 400;
  return confirm(confirmation) ? 204 : 404;
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': '0' });
  response.end();
}
