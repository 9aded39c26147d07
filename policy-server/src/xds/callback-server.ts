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

/** What a path other than `/applied` answers with. */
export interface CallbackAnswer {
  readonly status: number;
  readonly body?: string;
}

/** A call of a plugin. */
export interface CallbackRequest {
  readonly url: string;
  readonly node: string | undefined;
  readonly body: string;
  /** Aborted when the plugin went away. */
  readonly signal: AbortSignal;
}

/** Answers calls to one path; must not reject. */
export type CallbackHandler = (request: CallbackRequest) => Promise<CallbackAnswer>;

const PLUGINS: readonly PluginName[] = [KEY_AUTH, CREDENTIAL_INJECTION];
const VM = /^[0-9a-f]{16}$/;
const VERSION = /^(0|[1-9]\d{0,19})$/;
const NODE = /^[A-Za-z0-9._:-]{1,128}$/;
const MAX_URL_LENGTH = 256;
const MAX_BODY_BYTES = 65_536;
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
  readonly #confirm: (confirmation: Confirmation) => boolean;
  readonly #handlers: ReadonlyMap<string, CallbackHandler>;

  /**
   * @param confirm false when it knows no such gateway
   * @param handlers of further paths, which take a body of at most 65,536 bytes
   */
  constructor(
    confirm: (confirmation: Confirmation) => boolean,
    handlers: ReadonlyMap<string, CallbackHandler> = new Map(),
  ) {
    this.#confirm = confirm;
    this.#handlers = handlers;
    const timeouts = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Envoy decides when a connection is no longer needed: one that is closed here may just be carrying a call.
      keepAliveTimeout: 0,
    };
    this.#server = createServer(timeouts, (request, response) => void this.#serve(request, response));
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

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '';
    const header = request.headers['x-hiclaw-node'];
    const node = typeof header === 'string' ? header : undefined;
    const handler = this.#handlers.get(url.split('?', 1)[0] ?? '');
    if (request.method !== 'POST' || handler === undefined) {
      answer(response, { status: request.method === 'POST' ? this.#confirmed(url, node) : 405 });
      // There is no body; what comes nevertheless is not kept.
      request.resume();
      return;
    }
    const body = await readBody(request);
    if (body === null) {
      // What is left of it would be read as the next request.
      response.setHeader('connection', 'close');
      answer(response, { status: 413 });
      return;
    }
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    answer(response, await handler({ url, node, body, signal: gone.signal }));
  }

  #confirmed(url: string, node: string | undefined): number {
    const confirmation = readConfirmation(url, node);
    if (confirmation === null) return 400;
    return this.#confirm(confirmation) ? 204 : 404;
  }
}

/** Null: longer than it may be, or broken off. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('latin1');
}

function answer(response: ServerResponse, { status, body = '' }: CallbackAnswer): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}
