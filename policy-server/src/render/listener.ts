import { accessLog } from './access-log.js';
import { extensionDiscovery } from './extension.js';
import { PATH_STATE } from './filter-state.js';
import { any, type EnvoyMessage, seconds, wrapped } from './json.js';
import { localReplies } from './local-replies.js';
import { KEY_AUTH, LISTENER, LISTENER_TYPE, ROUTE_CONFIG } from './names.js';
import type { NodeSettings, RenderSettings } from './settings.js';
import { renderTracing } from './tracing.js';
import { usageJournal } from './usage-journal.js';

const STREAM_IDLE_SECONDS = 600;
const HEADERS_TIMEOUT_SECONDS = 15;
const CONNECTION_IDLE_SECONDS = 900;
const DRAIN_SECONDS = 30;
/** A cut stream ends at the client only after this (Envoy's default: 1 s); a client that still uploads needs it to read a refusal. */
const DELAYED_CLOSE_SECONDS = 0.15;
const MAX_HEADERS_KB = 64;
const MAX_HEADERS = 100;
const HTTP2_MAX_STREAMS = 1_000;

/** The one listener of a gateway. */
export function renderListener(node: NodeSettings, settings: RenderSettings): EnvoyMessage {
  return {
    ...any(LISTENER_TYPE),
    name: LISTENER,
    address: { socket_address: { address: node.bind, port_value: node.port } },
    per_connection_buffer_limit_bytes: wrapped(settings.bufferBytes),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: connectionManager(node, settings),
          },
        ],
      },
    ],
  };
}

function connectionManager(node: NodeSettings, settings: RenderSettings): EnvoyMessage {
  return {
    ...any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'gateway',
    codec_type: 'AUTO',
    rds: { config_source: { ads: {}, resource_api_version: 'V3' }, route_config_name: ROUTE_CONFIG },
    http_filters: [
      { name: KEY_AUTH, config_discovery: extensionDiscovery(KEY_AUTH, settings) },
      // Only the log needs it, and it costs every request.
      ...(node.accessLog === null ? [] : [REMEMBER_PATH]),
      {
        name: 'envoy.filters.http.router',
        typed_config: {
          ...any('envoy.extensions.filters.http.router.v3.Router'),
          suppress_envoy_headers: true,
        },
      },
    ],

    // What a request means must not depend on who reads it.
    normalize_path: wrapped(true),
    merge_slashes: false,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    common_http_protocol_options: {
      headers_with_underscores_action: 'REJECT_REQUEST',
      idle_timeout: seconds(CONNECTION_IDLE_SECONDS),
      max_headers_count: wrapped(MAX_HEADERS),
    },
    max_request_headers_kb: wrapped(MAX_HEADERS_KB),
    http2_protocol_options: {
      max_concurrent_streams: wrapped(HTTP2_MAX_STREAMS),
      // As large as a body may be: key-auth holds it until it has seen the model.
      initial_stream_window_size: wrapped(Math.max(settings.bufferBytes, 65_535)),
      initial_connection_window_size: wrapped(Math.max(settings.bufferBytes, 65_535)),
    },

    // Callers are at the edge: whatever they say of themselves is not believed.
    use_remote_address: wrapped(true),
    skip_xff_append: true,
    internal_address_config: NOBODY_IS_INTERNAL,
    generate_request_id: wrapped(false),
    server_name: 'hiclaw',
    server_header_transformation: 'OVERWRITE',

    // Nothing here bounds how long a stream lives, only how long it may be silent.
    stream_idle_timeout: seconds(STREAM_IDLE_SECONDS),
    request_headers_timeout: seconds(HEADERS_TIMEOUT_SECONDS),
    drain_timeout: seconds(DRAIN_SECONDS),
    delayed_close_timeout: seconds(DELAYED_CLOSE_SECONDS),

    ...(node.tracing === undefined ? {} : renderTracing(node.tracing)),
    local_reply_config: localReplies(),
    ...renderLogs(node),
  };
}

/**
 * An address that no client has: by default loopback is "internal", and Envoy then obeys its `x-envoy-…` headers, such as
 * one that makes statistics under a name of the client's choice.
 */
const NOBODY_IS_INTERNAL: EnvoyMessage = {
  unix_sockets: false,
  cidr_ranges: [{ address_prefix: '255.255.255.255', prefix_len: wrapped(32) }],
};

function renderLogs({ accessLog: log, usageJournal: journal }: NodeSettings): EnvoyMessage {
  const logs = [
    ...(log === null ? [] : [accessLog(log)]),
    ...(journal === undefined ? [] : [usageJournal(journal)]),
  ];
  return logs.length === 0 ? {} : { access_log: logs };
}

/** The upstream's path may hold more than a log should, and the router writes it into the same header. */
const REMEMBER_PATH: EnvoyMessage = {
  name: 'envoy.filters.http.set_filter_state',
  typed_config: {
    ...any('envoy.extensions.filters.http.set_filter_state.v3.Config'),
    on_request_headers: [
      {
        object_key: PATH_STATE,
        factory_key: 'envoy.string',
        format_string: { text_format_source: { inline_string: '%PATH(NQ:PATH)%' } },
      },
    ],
  },
};
