import { Agent, request } from 'undici';

/** What came of one call through the gateway. */
export interface Call {
  /** `performance.now()` just before it was sent. */
  readonly startedAt: number;
  /** 0: the connection failed. */
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

/** A stream through the gateway that stays open until someone ends it. */
export interface OpenStream {
  readonly status: number;
  /** Bytes seen so far. */
  readonly received: number;
  /** `performance.now()` at which it ended, whoever ended it; null while it is open. */
  readonly endedAt: number | null;
  close(): void;
}

const agent = new Agent({ connections: 64, keepAliveTimeout: 60_000 });

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

export async function get(origin: string, path: string, token: string): Promise<Call> {
  return call(`${origin}${path}`, { method: 'GET', headers: bearer(token) });
}

export async function chat(origin: string, token: string, model: string): Promise<Call> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
  const headers = { ...bearer(token), 'content-type': 'application/json' };
  return call(`${origin}/v1/chat/completions`, { method: 'POST', headers, body });
}

export interface CallOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Never rejects. */
export async function call(url: string, options: CallOptions): Promise<Call> {
  const startedAt = performance.now();
  try {
    const { statusCode, headers, body } = await request(url, { ...options, dispatcher: agent });
    const reason = headers['x-hiclaw-reason'];
    return {
      startedAt,
      status: statusCode,
      reason: typeof reason === 'string' ? reason : '',
      body: await body.text(),
    };
  } catch (error) {
    return { startedAt, status: 0, reason: '', body: String(error) };
  }
}

/** Resolves once the answer's headers are there. */
export async function openStream(url: string, options: CallOptions): Promise<OpenStream> {
  // A connection of its own: a cut must not be able to hit a neighbour.
  const own = new Agent({ connections: 1, bodyTimeout: 0, headersTimeout: 10_000 });
  const { statusCode, body } = await request(url, { ...options, dispatcher: own });
  let received = 0;
  let endedAt: number | null = null;
  const end = (): void => {
    endedAt ??= performance.now();
    void own.destroy();
  };
  body.on('data', (chunk: Buffer) => (received += chunk.length));
  body.on('end', end);
  body.on('error', end);
  return {
    status: statusCode,
    get received() {
      return received;
    },
    get endedAt() {
      return endedAt;
    },
    close: end,
  };
}

export async function openChatStream(origin: string, token: string, model: string): Promise<OpenStream> {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hello' }] });
  const headers = { ...bearer(token), 'content-type': 'application/json' };
  return openStream(`${origin}/v1/chat/completions`, { method: 'POST', headers, body });
}

/** A session with an MCP server, then its event stream, which says nothing by itself. */
export async function openMcpStream(origin: string, token: string, server: string): Promise<OpenStream> {
  const url = `${origin}/mcp-servers/${server}/mcp`;
  const headers = {
    ...bearer(token),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'e2e', version: '1' } },
  };
  const answer = await request(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(initialize),
    dispatcher: agent,
  });
  await answer.body.text();
  const session = answer.headers['mcp-session-id'];
  if (typeof session !== 'string') throw new Error(`no MCP session: ${answer.statusCode}`);
  return openStream(url, {
    method: 'GET',
    headers: {
      ...bearer(token),
      accept: 'text/event-stream',
      'mcp-session-id': session,
      'mcp-protocol-version': '2025-06-18',
    },
  });
}
