import { BEARER, type ProviderPreset } from './preset.js';

export const openrouter: ProviderPreset = {
  name: 'openrouter',
  title: 'OpenRouter',
  endpoints: {
    openai: {
      baseUrl: 'https://openrouter.ai/api/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'openai/gpt-4.1-nano',
    },
  },
  options: {},
  exampleModels: ['openai/gpt-4.1-nano', 'qwen/qwen3-8b'],
  sources: [
    'https://openrouter.ai/docs/api-reference/overview',
    'https://openrouter.ai/docs/api-reference/authentication',
  ],
};
