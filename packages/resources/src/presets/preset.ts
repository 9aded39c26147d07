import type { Protocol } from '../protocol.js';

/** Where a key stands in a request. */
export type PresetPlacement =
  | { readonly in: 'header'; readonly header: string; readonly prefix: string }
  | { readonly in: 'query'; readonly parameter: string };

/** Something about an account that its base URL depends on. */
export type PresetOption =
  | {
      readonly description: string;
      /** Words to choose from, and what each puts into the base URL. */
      readonly choices: Readonly<Record<string, string>>;
    }
  | {
      readonly description: string;
      /** What a value must look like; it stands in the base URL as it is. */
      readonly pattern: RegExp;
      readonly example: string;
    };

/** One API of a provider. */
export interface PresetEndpoint {
  /** `{name}` stands for what the option of that name puts there; null: the user must give it. */
  readonly baseUrl: string | null;
  /** Where its keys may stand; the first is what a Credential with this preset gets. */
  readonly placements: readonly PresetPlacement[];
  /** Whether it understands `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** Path under the base URL that lists the models that a key may call, or null. */
  readonly modelsPath: string | null;
  /** A cheap model for a test call, or null when names are the account's own. */
  readonly testModel: string | null;
  /** Path and query of a completion where they are not the protocol's; `{model}` stands for the model. */
  readonly completionPath?: string;
  /** What a request for few tokens says it with, where that is not `max_tokens`. */
  readonly maxTokensField?: 'max_completion_tokens';
}

/** What is known of a provider. */
export interface ProviderPreset {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** By the protocol that it speaks; the first is the default. */
  readonly endpoints: Readonly<Partial<Record<Protocol, PresetEndpoint>>>;
  readonly options: Readonly<Record<string, PresetOption>>;
  /** Its conventions are not known: a key may stand anywhere. */
  readonly anyPlacement?: true;
  /** Some models, for documents; never a list of all. */
  readonly exampleModels: readonly string[];
  /** What to look at when a key is refused. */
  readonly keyHint?: string;
  /** Pages that say so. */
  readonly sources: readonly [string, ...string[]];
}

/** `Authorization: Bearer …` (RFC 6750). */
export const BEARER: PresetPlacement = { in: 'header', header: 'Authorization', prefix: 'Bearer ' };

/** Anthropic's own header, which services that speak its protocol take too. */
export const X_API_KEY: PresetPlacement = { in: 'header', header: 'x-api-key', prefix: '' };

/** Where keys of any endpoint of the preset may stand, the default first. */
export function placementsOf({ endpoints }: ProviderPreset): readonly PresetPlacement[] {
  const all = Object.values(endpoints).flatMap(({ placements }) => placements);
  return all.filter(
    (placement, index) => all.findIndex((other) => samePlacement(other, placement)) === index,
  );
}

function samePlacement(a: PresetPlacement, b: PresetPlacement): boolean {
  return placementText(a) === placementText(b);
}

/** For people, such as `header Authorization: Bearer …`. */
export function placementText(placement: PresetPlacement): string {
  if (placement.in === 'query') return `query parameter ${placement.parameter}`;
  return `header ${placement.header}: ${placement.prefix}…`;
}
