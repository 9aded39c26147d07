import {
  findPreset,
  placementText,
  type PresetPlacement,
  presetBaseUrl,
  type ProviderSpec,
  sameBaseUrl,
} from '@hiclaw/resources';
import type { BoundCredential } from './state.js';

/**
 * Where the provider looks for a key; null when nothing is known: without a preset, and at an address that is not the
 * preset's own, such as that of a proxy with rules of its own.
 */
export function placementsTaken(spec: ProviderSpec): readonly PresetPlacement[] | null {
  const preset = spec.preset === undefined ? undefined : findPreset(spec.preset);
  const endpoint = preset?.endpoints[spec.protocol];
  if (preset === undefined || endpoint === undefined || preset.anyPlacement === true) return null;
  const own = presetBaseUrl(preset, endpoint, spec.presetOptions ?? {});
  return own !== null && sameBaseUrl(own, spec.baseUrl) ? endpoint.placements : null;
}

/** Why a key that stands there is not looked at, or null. */
export function placementProblem(
  name: string,
  { placement, name: field, prefix }: BoundCredential,
  taken: readonly PresetPlacement[] | null,
): string | null {
  const fits = (wanted: PresetPlacement): boolean =>
    wanted.in === 'query'
      ? placement === 'query' && field === wanted.parameter
      : placement === 'header' && field === wanted.header.toLowerCase() && prefix === wanted.prefix;
  if (taken === null || taken.some(fits)) return null;
  const wanted = taken.map(placementText).join(' or ');
  return `Credential "${name}" stands where this provider does not look; it takes ${wanted}. Give the credential the provider's preset, or set spec.header and spec.prefix.`;
}
