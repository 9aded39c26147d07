import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { parseUpstreamUrl } from '@hiclaw/resources';
import type { Secret } from '@hiclaw/service-kit';
import { forbiddenAddress } from '../translate/addresses.js';
import { type Failure, failureOf } from './failure.js';
import { ForbiddenAddress, guardedLookup, type Resolve, systemResolve } from './guarded-lookup.js';

/** One request of this process to a service elsewhere. */
export interface OutboundCall {
  readonly method: 'GET' | 'POST';
  /** `http` or `https`, as upstreams are written; a query may follow. */
  readonly url: string;
  /** Values are secrets: nothing here may reach a log. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly body?: Secret;
  /** PEM; default: what the caller's machine trusts. */
  readonly caCertificates?: string | undefined;
  /** Milliseconds for everything, from the name to the last byte. */
  readonly timeoutMs: number;
  /** Bytes of the answer that are read; a longer one is a failure. */
  readonly maxAnswerBytes: number;
}

export interface OutboundAnswer {
  readonly status: number;
  /** In lower case; one that came several times is joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type OutboundResult =
  | { readonly answer: OutboundAnswer; readonly failure?: never }
  | { readonly answer?: never; readonly failure: Failure };

export interface OutboundOptions {
  /** PEM of the certificates that are trusted where a call names none. */
  readonly trusted: string;
  /** Default: the operating system's. */
  readonly resolve?: Resolve;
}

/** Makes calls. Never rejects; redirects are answers like others and are not followed; no proxy, no cookie, no retry. */
export type Outbound = (call: OutboundCall) => Promise<OutboundResult>;

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const MAX_HEADER_BYTES = 16_384;

interface Target {
  readonly secure: boolean;
  /** As sockets want it: IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
}

/** Where a URL leads, checked as strictly as the URL of an upstream. */
function targetOf(url: string): Target | Failure {
  const [address = '', ...query] = url.split('?');
  const { value, problem } = parseUpstreamUrl(address);
  if (value === undefined) return { code: 'connection-failed', detail: `the URL ${problem}` };
  const { host, port, path, scheme } = value;
  const kind = host.startsWith('[') ? 'ipv6' : IPV4.test(host) ? 'ipv4' : 'name';
  const why = forbiddenAddress(host, kind);
  if (why !== null) return { code: 'address-forbidden', detail: why };
  return {
    secure: scheme === 'https',
    hostname: kind === 'ipv6' ? host.slice(1, -1) : host,
    port,
    path: `${path === '' ? '/' : path}${query.length === 0 ? '' : `?${query.join('?')}`}`,
  };
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function read(response: IncomingMessage, maxBytes: number): Promise<OutboundResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      response.destroy();
      resolve({ failure: { code: 'answer-too-large', detail: `more than ${maxBytes} bytes` } });
    });
    response.on('error', (error) => resolve({ failure: failureOf(error) }));
    response.on('close', () => resolve({ failure: { code: 'connection-reset', detail: 'cut off' } }));
    response.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      resolve({ answer: { status: response.statusCode ?? 0, headers: headersOf(response), body } });
    });
  });
}

function send(options: RequestOptions, secure: boolean, call: OutboundCall): Promise<OutboundResult> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      if (error instanceof ForbiddenAddress) {
        resolve({ failure: { code: 'address-forbidden', detail: error.why } });
      } else resolve({ failure: failureOf(error) });
    };
    let answered = false;
    const request = (secure ? secureRequest : plainRequest)(options, (response) => {
      answered = true;
      void read(response, call.maxAnswerBytes).then(resolve);
    });
    const deadline = setTimeout(() => {
      resolve({ failure: { code: 'timeout', detail: `no answer within ${call.timeoutMs} ms` } });
      request.destroy();
    }, call.timeoutMs);
    request.on('error', fail);
    request.on('close', () => {
      clearTimeout(deadline);
      if (!answered) fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    request.end(call.body?.expose());
  });
}

/** Makes a caller of services elsewhere, under the rules for addresses that upstreams have. */
export function createOutbound({ trusted, resolve = systemResolve }: OutboundOptions): Outbound {
  const lookup = guardedLookup(resolve);
  return async (call) => {
    const target = targetOf(call.url);
    if ('code' in target) return { failure: target };
    const { secure, hostname, port, path } = target;
    const body = call.body?.expose();
    const headers = Object.fromEntries(
      Object.entries(call.headers).map(([name, value]) => [name, value.expose()]),
    );
    try {
      return await send(
        {
          ...{ method: call.method, hostname, port, path, lookup, agent: false },
          maxHeaderSize: MAX_HEADER_BYTES,
          headers: {
            ...{
              'user-agent': 'hiclaw-policy-server',
              accept: 'application/json',
              'accept-encoding': 'identity',
            },
            ...headers,
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          },
          ...(secure ? { ca: call.caCertificates ?? trusted } : {}),
        },
        secure,
        call,
      );
    } catch (error) {
      // Node refuses what cannot be a header before it sends anything.
      return { failure: failureOf(error) };
    }
  };
}
