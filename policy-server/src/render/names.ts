/** Names that bootstrap, rendered resources, ADS server and plugins agree on. */

/** Static cluster of the ADS server, in the bootstrap. */
export const ADS_CLUSTER = 'ads';
/** Static cluster of the server that plugins confirm images to, in the bootstrap. */
export const CALLBACK_CLUSTER = 'policy-server';
/** Static cluster of the OTLP receiver, in the bootstrap. */
export const OTLP_CLUSTER = 'otlp';
export const ROUTE_CONFIG = 'gateway';
export const LISTENER = 'gateway';

export const KEY_AUTH = 'key-auth';
export const CREDENTIAL_INJECTION = 'credential-injection';
export type PluginName = typeof KEY_AUTH | typeof CREDENTIAL_INJECTION;

/** Request header by which key-auth picks the Envoy route. */
export const ROUTE_HEADER = 'x-hiclaw-route';
export const REASON_HEADER = 'x-hiclaw-reason';

/** Environment variable of the Envoy process: the key that credentials are sealed with, 64 hexadecimal digits. */
export const SEALING_KEY_VARIABLE = 'HICLAW_GATEWAY_KEY';

/** Message types, as in `type_url` without its prefix. */
export const CLUSTER_TYPE = 'envoy.config.cluster.v3.Cluster';
export const LISTENER_TYPE = 'envoy.config.listener.v3.Listener';
export const ROUTE_TYPE = 'envoy.config.route.v3.RouteConfiguration';
export const EXTENSION_TYPE = 'envoy.config.core.v3.TypedExtensionConfig';
