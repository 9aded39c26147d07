import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the token endpoint got. */
export interface TokenCall {
  readonly form: URLSearchParams;
  readonly authorization: string;
}

/** What the server answers; the body is sent as JSON unless it is a text. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An authorization server on loopback that knows one client. A refresh token works once; using an old one is what
 * happens when a rotation was lost, and ends the grant (RFC 9700 §4.14.2).
 */
export class AuthorizationServer implements AsyncDisposable {
  readonly calls: TokenCall[] = [];
  /** Answers these first, each once. */
  readonly script: (ScriptedAnswer | 'hang' | 'reset')[] = [];
  lifetimeSeconds: number | string | undefined = 3600;
  rotates = true;
  /** Requests under way at once, at most. */
  mostParallel = 0;
  delayMs = 0;
  reuses = 0;
  readonly #server = createServer((request, response) => {
    this.mostParallel = Math.max(this.mostParallel, ++this.#parallel);
    response.on('close', () => this.#parallel--);
    void readForm(request).then(async (form) => {
      this.calls.push({ form, authorization: request.headers.authorization ?? '' });
      if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
      const scripted = this.script.shift();
      if (scripted === 'hang') return;
      if (scripted === 'reset') return void request.socket.destroy();
      const { status = 200, body, headers = {} } = scripted ?? this.#answer(form);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  #parallel = 0;
  #issued = 0;
  #refreshToken = 'refresh-token-0';

  get tokenUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  /** The newest access token. */
  get accessToken(): string {
    return `access-token-${this.#issued}`;
  }

  get refreshToken(): string {
    return this.#refreshToken;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(form: URLSearchParams): ScriptedAnswer {
    if (form.get('grant_type') === 'refresh_token' && form.get('refresh_token') !== this.#refreshToken) {
      this.reuses++;
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    this.#issued++;
    const rotated = this.rotates && form.get('grant_type') === 'refresh_token';
    if (rotated) this.#refreshToken = `refresh-token-${this.#issued}`;
    return {
      body: {
        ...{ access_token: this.accessToken, token_type: 'Bearer', expires_in: this.lifetimeSeconds },
        ...(rotated ? { refresh_token: this.#refreshToken } : {}),
      },
    };
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const server = new AuthorizationServer();
  await server.listen();
  return server;
}
