import { type Static, Type } from 'typebox';
import { Price } from './prices.js';
import { CaCertificates, CLOSED, CredentialName, formatted, words } from './schema-parts.js';

const PROTOCOLS = ['openai', 'anthropic', 'gemini'] as const;

const fields = {
  protocol: words(PROTOCOLS, { default: 'openai', description: 'Which API it speaks.' }),
  baseUrl: formatted('upstream-url', {
    description: 'Where it is, including the version, such as https://api.openai.com/v1.',
  }),
  credential: Type.Optional(CredentialName),
  models: Type.Array(formatted('model-name'), {
    maxItems: 1024,
    default: [],
    description: 'Models it offers, by exact name.',
  }),
  caCertificates: Type.Optional(CaCertificates),
  includeUsage: Type.Boolean({
    default: true,
    description:
      'With `protocol: openai`: whether it understands `stream_options.include_usage`, which the gateway then adds to streams that lack it.',
  }),
  prices: Type.Array(Price, {
    maxItems: 1024,
    default: [],
    description:
      'What it asks for its models. Of the prices in force, the first whose pattern matches counts; a model that none matches has no known cost.',
  }),
};

/** An LLM service. */
export const ProviderSpec = Type.Object(fields, CLOSED);
export type ProviderSpec = Readonly<Static<typeof ProviderSpec>>;
