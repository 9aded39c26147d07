import { join } from 'node:path';
import { GATEWAY_CORE } from '../cores.js';
import { cluster, extension, type Json, type JsonObject, routeTo } from './envoy-config.js';
import { startHelper } from './helper.js';
import { type Row, stockRow } from './row.js';
import { startStockEnvoy } from './stock-envoy.js';

/** What every row shares. */
export interface RowContext {
  /** Path of the Envoy binary, the same for all rows. */
  readonly binary: string;
  readonly folder: string;
  readonly upstreamPort: number;
  /** The only token that is admitted. */
  readonly token: string;
  /** The real credential that the upstream shall get. */
  readonly credential: string;
}

/** No gateway: the upstream itself. */
export function directRow(context: RowContext, upstreamPid: number): Row {
  return {
    name: 'direct',
    port: context.upstreamPort,
    pids: [upstreamPid],
    restart: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Envoy that forwards and does nothing else. */
export function plainRow(context: RowContext): Promise<Row> {
  return stock(context, 'plain', []);
}

/** Envoy that forwards and writes a JSON line about each request, with about as many fields as an installation of ours does. */
export function loggingPlainRow(context: RowContext): Promise<Row> {
  const log = extension('envoy.access_loggers.file', 'extensions.access_loggers.file.v3.FileAccessLog', {
    path: join(context.folder, 'access.log'),
    log_format: { json_format: LOG_FIELDS, omit_empty_values: true },
  });
  return stock(context, 'plain + access log', [], { connectionManager: { access_log: [log] } });
}

/** Envoy's own filters for one fixed set of keys and one fixed credential. */
export function nativeRow(context: RowContext): Promise<Row> {
  return stock(context, 'native', [apiKeyAuth(context), credentialInjector()]);
}

/** Envoy's own filters with the body's `model` checked too. */
export function nativeModelRow(context: RowContext): Promise<Row> {
  const jsonToMetadata = extension(
    'envoy.filters.http.json_to_metadata',
    'extensions.filters.http.json_to_metadata.v3.JsonToMetadata',
    {
      request_rules: {
        rules: [
          {
            selectors: [{ key: 'model' }],
            on_present: { metadata_namespace: 'bench', key: 'model' },
            on_missing: { metadata_namespace: 'bench', key: 'model', value: '' },
          },
        ],
      },
    },
  );
  const rbac = extension('envoy.filters.http.rbac', 'extensions.filters.http.rbac.v3.RBAC', {
    rules: {
      action: 'ALLOW',
      policies: {
        models: {
          permissions: [
            {
              metadata: {
                filter: 'bench',
                path: [{ key: 'model' }],
                value: { string_match: { exact: 'gpt-4o' } },
              },
            },
          ],
          principals: [{ any: true }],
        },
      },
    },
  });
  return stock(context, 'native-model', [apiKeyAuth(context), jsonToMetadata, rbac, credentialInjector()]);
}

/** Envoy that asks a small Node server over HTTP about each request. */
export async function extAuthzRow(context: RowContext): Promise<Row> {
  const helper = await startHelper(new URL('ext-authz-server.js', import.meta.url), secrets(context));
  const filter = extension('envoy.filters.http.ext_authz', 'extensions.filters.http.ext_authz.v3.ExtAuthz', {
    http_service: {
      server_uri: { uri: 'http://127.0.0.1', cluster: 'authz', timeout: '5s' },
      authorization_response: { allowed_upstream_headers: { patterns: [{ exact: 'authorization' }] } },
    },
  });
  return stock(context, 'ext_authz', [filter], {
    clusters: [cluster('authz', helper.port)],
    helpers: [helper],
  });
}

/** Envoy that sends each request's head and body to a small Node server over gRPC: how Envoy AI Gateway works. */
export async function extProcRow(context: RowContext): Promise<Row> {
  const helper = await startHelper(new URL('ext-proc-server.js', import.meta.url), secrets(context));
  const filter = extension(
    'envoy.filters.http.ext_proc',
    'extensions.filters.http.ext_proc.v3.ExternalProcessor',
    {
      grpc_service: { envoy_grpc: { cluster_name: 'processor' }, timeout: '5s' },
      message_timeout: '5s',
      processing_mode: {
        request_header_mode: 'SEND',
        request_body_mode: 'BUFFERED',
        response_header_mode: 'SKIP',
        response_body_mode: 'NONE',
      },
    },
  );
  return stock(context, 'ext_proc', [filter], {
    // Envoy resets each stream when it is done with it; Node closes a connection after 1000 such resets.
    clusters: [cluster('processor', helper.port, { http2: true, requestsPerConnection: 900 })],
    helpers: [helper],
  });
}

const LOG_FIELDS: JsonObject = {
  time: '%START_TIME%',
  peer: '%DOWNSTREAM_REMOTE_ADDRESS%',
  protocol: '%PROTOCOL%',
  method: '%REQ(:METHOD):16%',
  path: '%REQ(:PATH)%',
  route: '%ROUTE_NAME%',
  upstream: '%UPSTREAM_CLUSTER_RAW%',
  upstreamHost: '%UPSTREAM_HOST%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  status: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
  flags: '%RESPONSE_FLAGS%',
  bytesReceived: '%BYTES_RECEIVED%',
  bytesSent: '%BYTES_SENT%',
  durationMs: '%DURATION%',
  upstreamMs: '%RESPONSE_DURATION%',
};

interface StockParts {
  readonly clusters?: readonly Json[];
  readonly connectionManager?: JsonObject;
  readonly helpers?: Parameters<typeof stockRow>[2];
}

async function stock(
  { binary, folder, upstreamPort, credential }: RowContext,
  name: string,
  filters: readonly Json[],
  { clusters = [], helpers = [], connectionManager = {} }: StockParts = {},
): Promise<Row> {
  const secret = {
    name: 'credential',
    generic_secret: { secret: { inline_string: `Bearer ${credential}` } },
  };
  const started = await startStockEnvoy({
    name,
    binary,
    folder,
    core: GATEWAY_CORE,
    config: {
      filters,
      connectionManager,
      routes: [routeTo('upstream')],
      clusters: [cluster('upstream', upstreamPort), ...clusters],
      secrets: [secret],
    },
  });
  return stockRow(started, name, helpers);
}

function secrets({ token, credential }: RowContext): Readonly<Record<string, string>> {
  return { TOKEN: token, CREDENTIAL: credential };
}

function apiKeyAuth({ token }: RowContext): JsonObject {
  return extension('envoy.filters.http.api_key_auth', 'extensions.filters.http.api_key_auth.v3.ApiKeyAuth', {
    credentials: [{ key: token, client: 'worker-bench' }],
    key_sources: [{ header: 'authorization' }],
  });
}

function credentialInjector(): JsonObject {
  return extension(
    'envoy.filters.http.credential_injector',
    'extensions.filters.http.credential_injector.v3.CredentialInjector',
    {
      overwrite: true,
      credential: extension(
        'envoy.http.injected_credentials.generic',
        'extensions.http.injected_credentials.generic.v3.Generic',
        { credential: { name: 'credential' }, header: 'Authorization' },
      ),
    },
  );
}
