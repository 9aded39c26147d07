import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeResource, type Kind } from '@hiclaw/resources';
import { parseAllDocuments } from 'yaml';
import type { GrantKind, ResourceSet } from '../store/resource-set.js';
import { resource, ResourceSetBuilder } from '../xds/resource-set.fixture.js';

const GRANT_KINDS: Partial<Record<Kind, GrantKind>> = {
  LlmRoute: 'llm-routes',
  McpServer: 'mcp-servers',
  ServiceRoute: 'service-routes',
};

interface Document {
  readonly kind: Kind;
  readonly metadata: { readonly name: string };
  /** Of a consumer, for tests only. */
  readonly revoked?: boolean;
  /** Of a consumer, for tests only; default true. */
  readonly token?: boolean;
}

/** Names of the cases in a folder: `<case>.in.yaml`. */
export function listCases(folder: string): readonly string[] {
  const suffix = '.in.yaml';
  const files = readdirSync(folder).filter((file) => file.endsWith(suffix));
  return files.map((file) => file.slice(0, -suffix.length)).sort();
}

/** Reads manifests as the API would take them, through the same decoder. */
export function readManifests(folder: string, name: string): ResourceSet {
  const text = readFileSync(path.join(folder, `${name}.in.yaml`), 'utf8');
  const builder = new ResourceSetBuilder();
  for (const document of parseAllDocuments(text)) {
    const { revoked = false, token = true, ...input } = document.toJS() as Document;
    add(builder, input, revoked, token);
  }
  return builder.set();
}

function add(builder: ResourceSetBuilder, input: Document, revoked: boolean, token: boolean): void {
  const { kind } = input;
  const { name } = input.metadata;
  const decoded = decodeResource(kind, input);
  if (!decoded.ok) throw new Error(`${kind} ${name}: ${JSON.stringify(decoded.errors)}`);
  const { spec, allowedConsumers = [] } = decoded.value;
  const made = resource(kind, name, spec);
  switch (made.kind) {
    case 'Credential':
      builder.credentials.set(name, { resource: made as never, valueVersion: 1 });
      break;
    case 'Provider':
      builder.providers.set(name, made as never);
      break;
    case 'LlmRoute':
      builder.llmRoutes.set(name, made as never);
      break;
    case 'McpServer':
      builder.mcpServers.set(name, made as never);
      break;
    case 'ServiceRoute':
      builder.serviceRoutes.set(name, made as never);
      break;
    case 'Consumer':
      builder.consumer(name, made.spec as object, revoked);
      if (!token) builder.tokens.delete(name);
  }
  const grantKind = GRANT_KINDS[kind];
  if (grantKind === undefined) return;
  for (const { name: consumer, models } of allowedConsumers) {
    builder.grant(consumer, grantKind, name, models === null ? null : [...models]);
  }
}
