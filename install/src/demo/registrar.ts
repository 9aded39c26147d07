import { GatewayError } from '@hiclaw/service-kit';
import type { AdminApi, ApiAnswer } from '../admin-api.js';
import type { Narrator } from './narrator.js';

/** Works the admin API for the demo, telling each call, and removes what it made. */
export interface Registrar {
  /** Creates a resource that `removeAll` will remove. */
  create(collection: string, name: string, spec: object): Promise<void>;
  /** @throws GatewayError `DEMO_FAILED` for any status but 2xx */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object): Promise<unknown>;
  /** Removes everything that was created, the last first. */
  removeAll(): Promise<void>;
}

function policyVersion(answer: ApiAnswer): string {
  const version = answer.headers['x-hiclaw-policy-version'];
  return typeof version === 'string' ? `policy version ${version}` : '';
}

function shown(answer: ApiAnswer): string {
  return answer.status < 300 ? policyVersion(answer) : JSON.stringify(answer.body);
}

export function registrarOf(api: AdminApi, narrator: Narrator): Registrar {
  const made: string[] = [];
  const call: Registrar['call'] = async (method, path, body) => {
    narrator.request(`${method} /api/v1${path} ${body === undefined ? '' : JSON.stringify(body)}`);
    const answer = await api.call(method, path, body);
    narrator.answer(answer.status, shown(answer));
    if (answer.status < 200 || answer.status > 299) {
      throw new GatewayError('DEMO_FAILED', `The demo failed: ${method} ${path} answered ${answer.status}.`);
    }
    return answer.body;
  };
  return {
    call,
    async create(collection, name, spec) {
      made.push(`/${collection}/${name}`);
      await call('POST', `/${collection}?wait=applied&timeout=10s`, { metadata: { name }, spec });
    },
    async removeAll() {
      for (const path of made.toReversed()) {
        const { status } = await api.call('DELETE', path);
        if (status >= 300 && status !== 404) {
          throw new GatewayError(
            'DEMO_FAILED',
            `The demo could not remove its own ${path} (status ${status}); remove it by hand.`,
          );
        }
      }
      made.length = 0;
    },
  };
}
