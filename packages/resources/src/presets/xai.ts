import { BEARER, type ProviderPreset, X_API_KEY } from './preset.js';

export const xai: ProviderPreset = {
  name: 'xai',
  title: 'xAI (Grok)',
  endpoints: {
    openai: {
      baseUrl: 'https://api.x.ai/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'grok-4.3',
    },
    anthropic: {
      baseUrl: 'https://api.x.ai/v1',
      placements: [X_API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'grok-4.3',
    },
  },
  options: {},
  exampleModels: ['grok-4.3'],
  sources: ['https://docs.x.ai/api/integrations', 'https://docs.x.ai/developers/introduction'],
};
