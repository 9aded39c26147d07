import { BEARER, type ProviderPreset } from './preset.js';

export const mistral: ProviderPreset = {
  name: 'mistral',
  title: 'Mistral AI',
  endpoints: {
    openai: {
      baseUrl: 'https://api.mistral.ai/v1',
      placements: [BEARER],
      // It refuses fields it does not know, and ends every stream with usage.
      includeUsage: false,
      modelsPath: '/models',
      testModel: 'mistral-small-latest',
    },
  },
  options: {},
  exampleModels: ['mistral-large-latest', 'mistral-small-latest'],
  sources: ['https://docs.mistral.ai/api'],
};
