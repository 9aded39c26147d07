import { type Static, Type } from 'typebox';
import { LlmAllowedConsumers } from './allowed-consumers.js';
import { REFUSED_FIELDS } from './decode-schema.js';
import { CLOSED, formatted, Name } from './schema-parts.js';

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
