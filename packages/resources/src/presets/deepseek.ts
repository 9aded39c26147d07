import { BEARER, type ProviderPreset, X_API_KEY } from './preset.js';

export const deepseek: ProviderPreset = {
  name: 'deepseek',
  title: 'DeepSeek',
  endpoints: {
    openai: {
      baseUrl: 'https://api.deepseek.com',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'deepseek-flash',
    },
    anthropic: {
      baseUrl: 'https://api.deepseek.com/anthropic/v1',
      placements: [X_API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'deepseek-flash',
    },
  },
  options: {},
  exampleModels: ['deepseek-flash', 'deepseek-v4-pro'],
  sources: [
    'https://api-docs.deepseek.com/quick_start/your_first_api_call',
    'https://api-docs.deepseek.com/guides/anthropic_api/',
    'https://api-docs.deepseek.com/api/list-models',
  ],
};
