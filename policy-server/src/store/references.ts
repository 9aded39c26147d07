import { type Kind, KINDS } from '@hiclaw/resources';
import type { ResourceSet } from './resource-set.js';

function* credentialReferrers(set: ResourceSet, name: string): Generator<string> {
  for (const map of [set.providers, set.mcpServers, set.serviceRoutes]) {
    for (const { kind, metadata, spec } of map.values()) {
      if (spec.credential === name) yield `${KINDS[kind].collection}/${metadata.name}`;
    }
  }
  for (const { resource } of set.consumers.values()) {
    if (Object.values(resource.spec.credentials).includes(name)) yield `consumers/${resource.metadata.name}`;
  }
}

function* providerReferrers(set: ResourceSet, name: string): Generator<string> {
  for (const { metadata, spec } of set.llmRoutes.values()) {
    if (spec.targets.some(({ provider }) => provider === name)) yield `llm-routes/${metadata.name}`;
  }
}

/** What would lose its meaning if this were deleted, as `<collection>/<name>`. */
export function referrersOf(set: ResourceSet, kind: Kind, name: string): readonly string[] {
  if (kind === 'Credential') return [...credentialReferrers(set, name)];
  if (kind === 'Provider') return [...providerReferrers(set, name)];
  return [];
}
