import { request } from 'node:http';
import type { Probe } from './plan.js';

const PROBE_TIMEOUT_MS = 2000;

/** Answer of a probe; `status` 0 when there was none. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** Asks once. Never rejects. */
export function ask(probe: Probe, method: 'GET' | 'POST' = 'GET'): Promise<ProbeAnswer> {
  return new Promise((settle) => {
    const none = (): void => {
      settle({ status: 0, body: '' });
    };
    const call = request(
      probe.url,
      {
        method,
        agent: false,
        timeout: PROBE_TIMEOUT_MS,
        ...(probe.socket === undefined ? {} : { socketPath: probe.socket }),
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.once('end', () => {
          settle({ status: response.statusCode ?? 0, body });
        });
        response.once('error', none);
        response.once('close', none);
      },
    );
    call.once('timeout', () => call.destroy());
    call.once('error', none);
    call.end();
  });
}

export async function isReady(probe: Probe): Promise<boolean> {
  return (await ask(probe)).status === 200;
}
