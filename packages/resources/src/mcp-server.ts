import { type Static, Type } from 'typebox';
import { PlainAllowedConsumers } from './allowed-consumers.js';
import { CaCertificates, CLOSED, CredentialName, formatted, words } from './schema-parts.js';

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
