import { readFileSync } from 'node:fs';
import { GatewayError, Secret } from '@hiclaw/service-kit';
import { request } from 'undici';
import type { HomePaths } from './home.js';

/** An answer of the API that is JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** The policy server's REST API with the admin token of a home. */
export interface AdminApi {
  /** @param path below `/api/v1` */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<ApiAnswer>;
}

const TIMEOUT_MS = 15_000;

/** @throws GatewayError `ADMIN_TOKEN_MISSING` when the policy server has not made one yet */
function readAdminToken(path: string): Secret {
  try {
    return new Secret(readFileSync(path, 'utf8').trim());
  } catch (cause) {
    throw new GatewayError(
      'ADMIN_TOKEN_MISSING',
      `${path} cannot be read; the policy server makes it at its first start ("make up").`,
      { cause },
    );
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** @param url of the API without `/api/v1` */
export function adminApi(url: string, paths: HomePaths): AdminApi {
  const token = readAdminToken(paths.adminToken);
  return {
    async call(method, path, body) {
      const response = await request(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token.expose()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: parsed(await response.body.text()),
      };
    },
  };
}
