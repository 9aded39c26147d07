import { type Static, Type } from 'typebox';
import { LlmAllowedConsumers, PlainAllowedConsumers } from './allowed-consumers.js';
import { REFUSED_FIELDS } from './decode-schema.js';
import { CaCertificates, CLOSED, CredentialName, formatted, Name, words } from './schema-parts.js';

const Models = Type.Array(formatted('model-name'), {
  maxItems: 1024,
  default: [],
  description: 'Models it offers, by exact name.',
});

/** An LLM service. */
export const ProviderSpec = Type.Object(
  {
    protocol: words(['openai', 'anthropic'], { default: 'openai', description: 'Which API it speaks.' }),
    baseUrl: formatted('upstream-url', {
      description: 'Where it is, including the version, such as https://api.openai.com/v1.',
    }),
    credential: Type.Optional(CredentialName),
    models: Models,
    caCertificates: Type.Optional(CaCertificates),
  },
  CLOSED,
);
export type ProviderSpec = Readonly<Static<typeof ProviderSpec>>;

const Target = Type.Object(
  {
    provider: Name,
    priority: Type.Integer({ minimum: 0, maximum: 127, default: 0, description: 'Lower is tried first.' }),
    weight: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 1,
      description: 'Share among targets of one priority.',
    }),
  },
  { ...CLOSED, [REFUSED_FIELDS]: { model: 'mapping model names does not work yet; leave it out' } },
);

const llmRouteFields = {
  path: formatted('llm-path', { default: '/v1', description: 'Path prefix under which the route listens.' }),
  models: Type.Array(formatted('model-pattern'), {
    minItems: 1,
    maxItems: 256,
    description: 'Models that may be asked for; `*` is any run of characters.',
  }),
  targets: Type.Array(Target, {
    minItems: 1,
    maxItems: 16,
    description: 'Where requests go; one for the time being.',
  }),
};

/** Lets consumers use models. */
export const LlmRouteSpec = Type.Object(llmRouteFields, CLOSED);
export type LlmRouteSpec = Readonly<Static<typeof LlmRouteSpec>>;
export const LlmRouteSpecInput = Type.Object(
  { ...llmRouteFields, allowedConsumers: Type.Optional(LlmAllowedConsumers) },
  CLOSED,
);
export type LlmRouteSpecInput = Readonly<Static<typeof LlmRouteSpecInput>>;

const mcpServerFields = {
  url: formatted('upstream-url', { description: 'Its MCP endpoint, such as https://example.com/mcp.' }),
  transport: words(['http', 'sse'], {
    default: 'http',
    description: 'Streamable HTTP, or the older HTTP with SSE.',
  }),
  credential: Type.Optional(CredentialName),
  caCertificates: Type.Optional(CaCertificates),
};

/** An MCP server, reached at `/mcp-servers/<name>/mcp`. */
export const McpServerSpec = Type.Object(mcpServerFields, CLOSED);
export type McpServerSpec = Readonly<Static<typeof McpServerSpec>>;
export const McpServerSpecInput = Type.Object(
  { ...mcpServerFields, allowedConsumers: Type.Optional(PlainAllowedConsumers) },
  CLOSED,
);
export type McpServerSpecInput = Readonly<Static<typeof McpServerSpecInput>>;

const AllowRule = Type.Object(
  {
    methods: Type.Array(words(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']), {
      minItems: 1,
      maxItems: 7,
    }),
    paths: Type.Array(formatted('path-pattern'), {
      minItems: 1,
      maxItems: 64,
      description: 'Path patterns below the base URL; `*` within a segment, `**` across segments.',
    }),
  },
  CLOSED,
);

const serviceRouteFields = {
  baseUrl: formatted('upstream-url', {
    description: 'Where the service is, such as https://api.github.com.',
  }),
  credential: Type.Optional(CredentialName),
  allow: Type.Array(AllowRule, {
    minItems: 1,
    maxItems: 64,
    description: 'Which requests are admitted: any rule that matches.',
  }),
  caCertificates: Type.Optional(CaCertificates),
};

/** Another HTTP service, reached at `/services/<name>/…`. */
export const ServiceRouteSpec = Type.Object(serviceRouteFields, CLOSED);
export type ServiceRouteSpec = Readonly<Static<typeof ServiceRouteSpec>>;
export const ServiceRouteSpecInput = Type.Object(
  { ...serviceRouteFields, allowedConsumers: Type.Optional(PlainAllowedConsumers) },
  CLOSED,
);
export type ServiceRouteSpecInput = Readonly<Static<typeof ServiceRouteSpecInput>>;
