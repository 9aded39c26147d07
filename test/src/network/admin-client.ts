import { Pool } from 'undici';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, or null when there is no body. */
  readonly body: unknown;
}

export interface AdminRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `POST …/tokens` answers. */
export interface IssuedToken {
  readonly id: string;
  readonly token: string;
}

/** What revoke answers. */
export interface RevokeAnswer {
  readonly policyVersion: number;
  readonly replicas: readonly { readonly id: string; readonly applied: boolean; readonly ms: number }[];
}

/** A small client of the policy server's REST API, with the admin's token. */
export interface AdminClient extends AsyncDisposable {
  /** Any request below `/api/v1`; resolves whatever the status. */
  request(method: string, path: string, request?: AdminRequest): Promise<AdminAnswer>;
  /** Creates or replaces a resource and waits until every replica applied it. */
  put(kind: ResourceCollection, name: string, spec: object, options?: PutOptions): Promise<AdminAnswer>;
  delete(kind: ResourceCollection, name: string): Promise<AdminAnswer>;
  /** Adds or replaces one consumer's grant on a route. */
  grant(
    collection: RouteCollection,
    route: string,
    consumer: string,
    narrowing?: { readonly models?: readonly string[] },
    options?: PutOptions,
  ): Promise<AdminAnswer>;
  /** Takes one consumer's grant on a route away. */
  ungrant(collection: RouteCollection, route: string, consumer: string): Promise<AdminAnswer>;
  issueToken(consumer: string, options?: PutOptions): Promise<IssuedToken>;
  revoke(consumer: string): Promise<RevokeAnswer>;
  restore(consumer: string): Promise<AdminAnswer>;
  close(): Promise<void>;
}

export type ResourceCollection =
  'credentials' | 'providers' | 'llm-routes' | 'mcp-servers' | 'service-routes' | 'consumers';

export type RouteCollection = 'llm-routes' | 'mcp-servers' | 'service-routes';

export interface PutOptions {
  /** Default: true. */
  readonly wait?: boolean;
}

const KINDS: Readonly<Record<ResourceCollection, string>> = {
  credentials: 'Credential',
  providers: 'Provider',
  'llm-routes': 'LlmRoute',
  'mcp-servers': 'McpServer',
  'service-routes': 'ServiceRoute',
  consumers: 'Consumer',
};

const WAIT_APPLIED = 'wait=applied&timeout=10s';

const waiting = ({ wait = true }: PutOptions = {}): string => (wait ? `?${WAIT_APPLIED}` : '');

/** All methods but `request` throw an Error with the answer when the status is not 2xx. */
export function adminClient(origin: string, token: string): AdminClient {
  const pool = new Pool(origin, { connections: 16 });
  const request = async (method: string, path: string, options: AdminRequest = {}): Promise<AdminAnswer> => {
    const { statusCode, headers, body } = await pool.request({
      method: method,
      path: `/api/v1${path}`,
      headers: {
        authorization: `Bearer ${token}`,
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const text = await body.text();
    const json = String(headers['content-type'] ?? '').includes('json') && text !== '';
    return { status: statusCode, headers, body: json ? JSON.parse(text) : text === '' ? null : text };
  };
  const succeed = async (method: string, path: string, body?: unknown): Promise<AdminAnswer> => {
    const answer = await request(method, path, body === undefined ? {} : { body });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const close = (): Promise<void> => pool.destroy();
  return {
    request,
    put: (collection, name, spec, options) => {
      const envelope = { apiVersion: 'hiclaw.io/v1beta1', kind: KINDS[collection], metadata: { name }, spec };
      return succeed('PUT', `/${collection}/${name}${waiting(options)}`, envelope);
    },
    delete: (collection, name) => succeed('DELETE', `/${collection}/${name}?${WAIT_APPLIED}`),
    grant: (collection, route, consumer, narrowing = {}, options) =>
      succeed('PUT', `/${collection}/${route}/allowedConsumers/${consumer}${waiting(options)}`, narrowing),
    ungrant: (collection, route, consumer) =>
      succeed('DELETE', `/${collection}/${route}/allowedConsumers/${consumer}?${WAIT_APPLIED}`),
    issueToken: async (consumer, options) =>
      (await succeed('POST', `/consumers/${consumer}/tokens${waiting(options)}`, {})).body as IssuedToken,
    revoke: async (consumer) =>
      (await succeed('POST', `/consumers/${consumer}/revoke`, {})).body as RevokeAnswer,
    restore: (consumer) => succeed('POST', `/consumers/${consumer}/restore?${WAIT_APPLIED}`, {}),
    close,
    [Symbol.asyncDispose]: close,
  };
}
