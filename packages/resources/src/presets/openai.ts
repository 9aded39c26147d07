import { BEARER, type ProviderPreset } from './preset.js';

export const openai: ProviderPreset = {
  name: 'openai',
  title: 'OpenAI',
  endpoints: {
    openai: {
      baseUrl: 'https://api.openai.com/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'gpt-4.1-nano',
      maxTokensField: 'max_completion_tokens',
    },
  },
  options: {},
  exampleModels: ['gpt-4.1', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  keyHint: 'A key of a project works only for models that the project may use.',
  sources: [
    'https://platform.openai.com/docs/api-reference/authentication',
    'https://platform.openai.com/docs/api-reference/chat/create',
    'https://platform.openai.com/docs/api-reference/models/list',
  ],
};
