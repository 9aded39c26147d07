import { GatewayError, type Secret } from '@hiclaw/service-kit';
import { type Dispatcher, request } from 'undici';
import type { Narrator } from './narrator.js';

/** What a gateway answered. */
interface GatewayAnswer {
  readonly status: number;
  /** `x-hiclaw-reason` of a refusal. */
  readonly reason: string;
  readonly text: string;
  readonly headers: Dispatcher.ResponseData['headers'];
}

/** A stream that runs. */
interface OpenStream {
  /** Resolves with the text so far once it holds `count` events. */
  events(count: number): Promise<string>;
  /** Resolves when the stream has ended, however; rejects after `withinMs`. */
  ended(withinMs: number): Promise<void>;
}

/** Calls a gateway as an agent does, telling each request and answer. */
export interface Caller {
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<GatewayAnswer>;
  /** Opens a stream by POST with a body, or by GET without. */
  stream(path: string, body: object | null, headers?: Readonly<Record<string, string>>): Promise<OpenStream>;
}

const EVENTS_WITHIN_MS = 10_000;

function header(headers: GatewayAnswer['headers'], name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

function watch(body: Dispatcher.ResponseData['body']): OpenStream {
  let text = '';
  let wake: () => void = () => undefined;
  const ended = (async () => {
    try {
      for await (const chunk of body) {
        text += (chunk as Buffer).toString('utf8');
        wake();
      }
    } catch {
      // cut: that is an end, too
    }
  })();
  const within = <T>(what: string, promise: Promise<T>, ms: number): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => {
        fail(new GatewayError('DEMO_FAILED', `The demo failed: ${what} not within ${ms} ms.`));
      }, ms);
    });
    return Promise.race([promise, late]).finally(() => {
      clearTimeout(timer);
    });
  };
  return {
    events: (count) => {
      const enough = async (): Promise<string> => {
        while ((text.match(/^data: /gm)?.length ?? 0) < count) {
          await new Promise<void>((settle) => {
            wake = settle;
          });
        }
        return text;
      };
      return within(`${count} events of a stream`, enough(), EVENTS_WITHIN_MS);
    },
    ended: (withinMs) => within('the end of a stream', ended, withinMs),
  };
}

/** @param url of a gateway */
export function callerOf(url: string, token: Secret, narrator: Narrator): Caller {
  const call = (
    path: string,
    body: object | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<Dispatcher.ResponseData> => {
    narrator.request(
      `${body === null ? 'GET' : 'POST'} ${url}${path} ${body === null ? '' : JSON.stringify(body)}`,
    );
    return request(`${url}${path}`, {
      method: body === null ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token.expose()}`,
        accept: 'application/json, text/event-stream',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === null ? null : JSON.stringify(body),
      bodyTimeout: 0,
    });
  };
  return {
    async post(path, body, headers = {}) {
      const response = await call(path, body, headers);
      const text = await response.body.text();
      const reason = header(response.headers, 'x-hiclaw-reason');
      narrator.answer(response.statusCode, reason === '' ? text : `${reason} ${text}`);
      return { status: response.statusCode, reason, text, headers: response.headers };
    },
    async stream(path, body, headers = {}) {
      const response = await call(path, body, headers);
      if (response.statusCode !== 200) narrator.answer(response.statusCode, await response.body.text());
      narrator.check(response.statusCode === 200, 'the stream is open');
      return watch(response.body);
    },
  };
}
