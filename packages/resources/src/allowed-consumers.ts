import { type Static, Type } from 'typebox';
import { REFUSED_FIELDS } from './decode-schema.js';
import type { FieldErrors } from './field-errors.js';
import { CLOSED, formatted, MAX_CONSUMERS, Name } from './schema-parts.js';

const TOOLS_REFUSED = 'tool lists are not enforced yet, so they are not accepted';

/** Patterns that narrow the models of one consumer. */
export const GrantModels = Type.Array(formatted('model-pattern'), {
  minItems: 1,
  maxItems: 256,
  description:
    'Models this consumer may use, within those of the route; `*` is any run of characters. Absent: all.',
});

/** Body of a single grant on an LLM route. */
export const LlmGrant = Type.Object(
  { models: Type.Optional(GrantModels) },
  { ...CLOSED, [REFUSED_FIELDS]: { tools: 'tools belong to MCP servers, not to LLM routes' } },
);

/** Body of a single grant on another route: nothing can be narrowed. */
export const PlainGrant = Type.Object(
  {},
  { ...CLOSED, [REFUSED_FIELDS]: { models: 'models belong to LLM routes', tools: TOOLS_REFUSED } },
);

const NamedLlmGrant = Type.Object(
  { name: Name, models: Type.Optional(GrantModels) },
  {
    ...CLOSED,
    [REFUSED_FIELDS]: { tools: 'tools belong to MCP servers, not to LLM routes' },
  },
);
const NamedPlainGrant = Type.Object(
  { name: Name },
  {
    ...CLOSED,
    [REFUSED_FIELDS]: { models: 'models belong to LLM routes', tools: TOOLS_REFUSED },
  },
);

const listOptions = {
  maxItems: MAX_CONSUMERS,
  description:
    'Who may use this route; nobody when empty. Given: it replaces all grants on the route. Absent on a write: they stay.',
};

export const LlmAllowedConsumers = Type.Array(Type.Union([Name, NamedLlmGrant]), listOptions);
export const PlainAllowedConsumers = Type.Array(Type.Union([Name, NamedPlainGrant]), listOptions);

/** One entry of `allowedConsumers`, in one form. */
export interface AllowedConsumer {
  readonly name: string;
  /** Sorted; null: all models of the route. */
  readonly models: readonly string[] | null;
}

type Entry = Static<typeof LlmAllowedConsumers>[number];

/** One form for all entries, sorted by name; a name that is listed twice is an error. */
export function completeAllowedConsumers(
  entries: readonly Entry[] | undefined,
  errors: FieldErrors,
): readonly AllowedConsumer[] | undefined {
  if (entries === undefined) return undefined;
  const byName = new Map<string, AllowedConsumer>();
  entries.forEach((entry, index) => {
    const name = typeof entry === 'string' ? entry : entry.name;
    const models = typeof entry === 'string' || entry.models === undefined ? null : [...entry.models].sort();
    if (byName.has(name)) {
      const path = `spec.allowedConsumers[${index}]`;
      // Two plain strings were already reported by the schema.
      if (!errors.has(path)) errors.add(path, `"${name}" is listed twice`);
    }
    byName.set(name, { name, models });
  });
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
