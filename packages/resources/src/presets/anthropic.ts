import { type ProviderPreset, X_API_KEY } from './preset.js';

export const anthropic: ProviderPreset = {
  name: 'anthropic',
  title: 'Anthropic',
  endpoints: {
    anthropic: {
      baseUrl: 'https://api.anthropic.com/v1',
      placements: [X_API_KEY],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'claude-haiku-4-5',
    },
  },
  options: {},
  exampleModels: ['claude-sonnet-4-5', 'claude-haiku-4-5'],
  sources: [
    'https://docs.anthropic.com/en/api/overview',
    'https://docs.anthropic.com/en/api/messages',
    'https://docs.anthropic.com/en/api/models-list',
  ],
};
