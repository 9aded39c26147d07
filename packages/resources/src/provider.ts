import { type Static, Type } from 'typebox';
import { CaCertificates, CLOSED, CredentialName, formatted, words } from './schema-parts.js';

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
