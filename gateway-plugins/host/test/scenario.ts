import { connect } from 'node:net';
import { once } from 'node:events';
import type { Host, HttpStream, PluginContext } from '../src/index.js';
import { type EnvoyProbe, type RawServer, until } from './envoy-probe.js';
import type { LISTENERS } from './scenarios.js';

type Pairs = readonly (readonly [string, string])[];

/** One message as the peer sends it: pieces that arrive one by one. */
interface Message {
  readonly headers?: Pairs;
  /** Sent one piece at a time. Absent: no body. */
  readonly chunks?: readonly string[];
  /** Default: chunked. `one-read`: head and body arrive together, with a length. */
  readonly framing?: 'chunked' | 'length' | 'one-read';
  readonly trailers?: Pairs;
}

export interface Scenario {
  readonly name: string;
  /** See assembly/probe.ts. */
  readonly program: string;
  /** Which listener: how a paused headers callback is understood. */
  readonly listener?: (typeof LISTENERS)[number]['name'];
  readonly method?: string;
  readonly request?: Message;
  readonly response?: Message;
}

/** What one run showed: the probe's lines, and what arrived upstream. */
export interface Observation {
  readonly lines: readonly string[];
  /** Number of lines after each piece that a peer sent. */
  readonly marks: readonly number[];
  /** Null when nothing arrived. */
  readonly upstream: { readonly headers: Record<string, string>; readonly body: string } | null;
  /** Null when the client got nothing. */
  readonly client: { readonly status: string; readonly body: string } | null;
}

const CALLOUT_BODY = 'callout body';
export const CALLOUT_RESPONSE = {
  // The last one is Envoy's own.
  headers: [['x-callout', 'yes'], ['content-length', String(CALLOUT_BODY.length)], ['x-envoy-upstream-service-time', '0']],
  body: CALLOUT_BODY,
} as const; // prettier-ignore
export const CALLOUT_ANSWER = `HTTP/1.1 200 OK\r\nx-callout: yes\r\ncontent-length: ${CALLOUT_BODY.length}\r\n\r\n${CALLOUT_BODY}`;

/** The same steps in the host of this package. */
export function runInHost(host: Host, plugin: PluginContext, scenario: Scenario): Observation {
  const from = host.logs.length;
  const marks: number[] = [];
  const lines = (): string[] =>
    host.logs.slice(from).flatMap(({ message }) => (message.startsWith('probe ') ? [message] : []));
  const afterPiece = (): void => {
    for (const callout of host.pendingHttpCallouts()) callout.respond(CALLOUT_RESPONSE);
    marks.push(lines().length);
  };
  const stream = plugin.createStream({
    attributes: { xds: { route_name: 'only', cluster_name: 'upstream' }, connection: { mtls: false } },
  });
  const request = scenario.request ?? {};
  const chunked = request.chunks !== undefined;
  const method = scenario.method ?? (chunked ? 'POST' : 'GET');
  drive(
    stream,
    'request',
    request,
    [
      [':authority', 'probe'],
      [':path', '/path?q=1'],
      [':method', method],
      [':scheme', 'http'],
      ['x-program', scenario.program],
      ...(request.headers ?? []),
      ...(request.framing !== undefined && request.framing !== 'chunked'
        ? [['content-length', lengthOf(request)] as const]
        : []),
      ['x-forwarded-proto', 'http'],
    ],
    afterPiece,
  );
  if (reachesUpstream(stream)) {
    const response = scenario.response ?? {};
    const framing =
      response.chunks === undefined ? ['content-length', '0'] : ['transfer-encoding', 'chunked'];
    drive(
      stream,
      'response',
      response,
      [[':status', '200'], ...(response.headers ?? []), [framing[0] ?? '', framing[1] ?? '']],
      afterPiece,
    );
  }
  const seen = stream.forwardedRequest;
  const sent = stream.forwardedResponse;
  stream.end();
  return {
    lines: lines(),
    marks,
    upstream:
      seen.headers === null || !seen.ended
        ? null
        : { headers: plain([...seen.headers]), body: Buffer.from(seen.body).toString('latin1') },
    client:
      sent.headers === null || !sent.ended
        ? null
        : { status: sent.headers.get(':status') ?? '', body: Buffer.from(sent.body).toString('latin1') },
  };
}

function reachesUpstream(stream: HttpStream): boolean {
  return !stream.deleted && stream.localResponse === null && stream.forwardedRequest.ended;
}

function drive(
  stream: HttpStream,
  side: 'request' | 'response',
  message: Message,
  headers: Pairs,
  afterPiece: () => void,
): void {
  const over = (): boolean => stream.deleted || stream.localResponse !== null;
  const { chunks, trailers, framing = 'chunked' } = message;
  if (side === 'request') stream.requestHeaders(headers, { endStream: chunks === undefined });
  else stream.responseHeaders(headers, { endStream: chunks === undefined });
  if (framing !== 'one-read') afterPiece();
  const body = (bytes: string, endStream: boolean, silent = false): void => {
    if (over()) return;
    if (side === 'request') stream.requestBody(bytes, { endStream });
    else stream.responseBody(bytes, { endStream });
    if (!silent) afterPiece();
  };
  for (const [index, chunk] of (chunks ?? []).entries()) {
    const last = index === (chunks?.length ?? 0) - 1;
    // A body with a length ends in a piece of its own too, but of the same read.
    body(chunk, false, framing !== 'chunked' && last);
  }
  if (chunks === undefined || over()) return;
  if (trailers !== undefined) {
    if (side === 'request') stream.requestTrailers(trailers);
    else stream.responseTrailers(trailers);
    afterPiece();
  } else body('', true);
}

/** A request without a body through a downstream and an upstream filter, which share what Envoy shares. */
export function runChainInHost(
  host: Host,
  downstream: PluginContext,
  upstream: PluginContext,
  program: string,
  upstreamProgram: string,
): string[][] {
  const from = host.logs.length;
  const first = downstream.createStream();
  first.requestHeaders(
    [[':authority', 'probe'], [':path', '/path?q=1'], [':method', 'GET'], [':scheme', 'http'], ['x-program', program],
      ['x-upstream-program', upstreamProgram], ['authorization', 'Bearer token'], ['x-forwarded-proto', 'http']],
    { endStream: true },
  ); // prettier-ignore
  // The route is known from here on, and RouteConfiguration removes the token before upstream filters run.
  const filterMetadata = { hiclaw: { upstream: 'providers/x 127.0.0.1:1' } };
  first.info.attributes = {
    xds: {
      route_name: 'only',
      cluster_name: 'filtered',
      upstream_host_metadata: { filter_metadata: filterMetadata },
    },
  };
  const second = upstream.createStream({ info: first.info, upstreamFilter: true });
  const { headers } = first.forwardedRequest;
  headers?.remove('authorization');
  second.requestHeaders(headers ?? [], { endStream: true });
  if (second.localResponse === null) {
    second.responseHeaders([[':status', '200'], ['content-length', '0']], { endStream: true }); // prettier-ignore
  }
  const answer = second.forwardedResponse;
  first.responseHeaders(answer.headers ?? [], { endStream: answer.body.length === 0 });
  if (answer.body.length > 0) first.responseBody(answer.body, { endStream: true });
  second.end();
  first.end();
  const of = (plugin: PluginContext): string[] =>
    host.logs.slice(from).flatMap(({ vm, message }) => (vm === plugin.vm ? [message] : []));
  return [of(downstream), of(upstream)];
}

export async function runChainInEnvoy(
  envoy: EnvoyProbe,
  upstream: RawServer,
  program: string,
  upstreamProgram: string,
): Promise<string[][]> {
  const from = { down: envoy.lines('chained').length, up: envoy.lines('upstream-filter').length };
  const before = upstream.sockets.length;
  const client = connect(envoy.port('chained'), '127.0.0.1');
  await once(client, 'connect');
  client.resume();
  client.write(
    `GET /path?q=1 HTTP/1.1\r\nhost: probe\r\nx-program: ${program}\r\nx-upstream-program: ${upstreamProgram}\r\nauthorization: Bearer token\r\n\r\n`,
  );
  const ended = (): boolean =>
    envoy.lines('chained', from.down).some((line) => line.startsWith('probe delete('));
  const socket = await until('the upstream connection, or the end', () =>
    ended() ? null : upstream.sockets[before],
  );
  socket?.resume().write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  await until('the end of the stream', () => (ended() ? true : undefined));
  client.destroy();
  return [envoy.lines('chained', from.down), envoy.lines('upstream-filter', from.up)];
}

/** The same steps over the wire, piece by piece: each is sent when Envoy has read the one before. */
export async function runInEnvoy(
  envoy: EnvoyProbe,
  upstream: RawServer,
  scenario: Scenario,
  expected: Observation,
): Promise<Observation> {
  const listener = scenario.listener ?? 'stop-all';
  const from = envoy.lines(listener).length;
  const client = connect(envoy.port(listener), '127.0.0.1');
  await once(client, 'connect');
  let received = '';
  client.setEncoding('latin1').on('data', (text: string) => (received += text));
  client.on('error', () => client.destroy());
  const before = upstream.sockets.length;
  const request = scenario.request ?? {};
  const method = scenario.method ?? (request.chunks === undefined ? 'GET' : 'POST');
  const head = `${method} /path?q=1 HTTP/1.1\r\nhost: probe\r\nx-program: ${scenario.program}\r\n`;
  const toSend = pieces(head, request, false);
  const lines = (): string[] => envoy.lines(listener, from);
  await sendPieces(toSend, client, expected.marks, lines, () => envoy.stat(`http.${listener}.downstream_cx_rx_bytes_total`)); // prettier-ignore
  let upstreamGot = '';
  if (expected.upstream !== null) {
    const socket = await until(
      () => `the upstream connection; the client got ${received}`,
      () => upstream.sockets[before],
    );
    socket.setEncoding('latin1').on('data', (text: string) => (upstreamGot += text));
    await until('the request upstream', () => (isComplete(upstreamGot) ? true : undefined));
    const response = scenario.response ?? {};
    await sendPieces(pieces('HTTP/1.1 200 OK\r\n', response, true), socket, expected.marks.slice(toSend.length), lines, () => envoy.stat('cluster.upstream.upstream_cx_rx_bytes_total')); // prettier-ignore
  }
  if (expected.client === null) {
    await until('the last callback', () =>
      envoy.lines(listener, from).length >= expectedBeforeEnd(expected) ? true : undefined,
    );
    client.destroy();
  }
  await until(`proxy_on_delete of ${scenario.name}\n${envoy.lines(listener, from).join('\n')}`, () =>
    envoy.lines(listener, from).some((line) => line.startsWith('probe delete(')) ? true : undefined,
  );
  if (expected.client !== null)
    await until('the response', () => (isComplete(received, method === 'HEAD') ? true : undefined));
  client.destroy();
  return {
    lines: envoy.lines(listener, from),
    marks: expected.marks,
    upstream: upstreamGot === '' ? null : parse(upstreamGot),
    client: !isComplete(received, method === 'HEAD')
      ? null
      : { status: received.slice(9, 12), body: parse(received).body },
  };
}

function expectedBeforeEnd(expected: Observation): number {
  return expected.lines.findIndex((line) => /^probe (log|done|delete)\(/.test(line));
}

function pieces(head: string, message: Message, answersAlways: boolean): string[] {
  const { chunks, trailers, framing = 'chunked' } = message;
  const headers = (message.headers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  if (chunks === undefined) return [`${head}${headers}${answersAlways ? 'content-length: 0\r\n' : ''}\r\n`];
  if (framing !== 'chunked') {
    const start = `${head}${headers}content-length: ${lengthOf(message)}\r\n\r\n`;
    return framing === 'length' ? [start, ...chunks] : [start + chunks.join('')];
  }
  const list = [`${head}${headers}transfer-encoding: chunked\r\n\r\n`];
  for (const chunk of chunks) list.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const last = `0\r\n${(trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  list.push(last);
  return list;
}

function lengthOf(message: Message): string {
  return String(message.chunks?.join('').length ?? 0);
}

async function sendPieces(
  list: readonly string[],
  socket: { write(text: string, encoding: 'latin1'): unknown; readonly destroyed: boolean },
  marks: readonly number[],
  lines: () => string[],
  readBytes: () => Promise<number>,
): Promise<void> {
  let sum = await readBytes();
  for (const [index, piece] of list.entries()) {
    const mark = marks[index] ?? 0;
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
    sum += piece.length;
    await until('Envoy to read what was sent', async () =>
      socket.destroyed || (await readBytes()) >= sum ? true : undefined,
    );
    await until(
      () => `line ${mark} of\n${lines().join('\n')}`,
      () => (lines().length >= mark ? true : undefined),
    );
  }
}

function isComplete(text: string, headOnly = false): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0 || headOnly) return end >= 0;
  const head = text.slice(0, end).toLowerCase();
  if (head.includes('transfer-encoding: chunked')) return /\r\n0\r\n(.+\r\n)*\r\n$/.test(text);
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
  return text.length >= end + 4 + length;
}

function parse(text: string): { headers: Record<string, string>; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const list = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 2),
  ]);
  let rest = text.slice(end + 4);
  let body = rest;
  if (/transfer-encoding: chunked/i.test(text.slice(0, end))) {
    body = '';
    for (let size = parseInt(rest, 16); size > 0; size = parseInt(rest, 16)) {
      const start = rest.indexOf('\r\n') + 2;
      body += rest.slice(start, start + size);
      rest = rest.slice(start + size + 2);
    }
  }
  return { headers: plain([[':method', method], [':path', path], ...list]), body };
}

/** Only what the filter decided: framing and what HTTP/1.1 and the router add are left out. */
function plain(list: Pairs): Record<string, string> {
  const names: Record<string, string> = { host: ':authority' };
  const skip = new Set(['transfer-encoding', 'content-length', ':scheme', 'connection']);
  const out: Record<string, string> = {};
  for (const [name, value] of list) {
    const key = names[name] ?? name;
    if (!skip.has(key)) out[key] = key in out ? `${out[key] ?? ''}, ${value}` : value;
  }
  return out;
}
