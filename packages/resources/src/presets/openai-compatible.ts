import { BEARER, type ProviderPreset } from './preset.js';

/** Anything that speaks OpenAI's protocol; its address is the user's to give. */
export const openaiCompatible: ProviderPreset = {
  name: 'openai-compatible',
  title: 'Any OpenAI-compatible service',
  endpoints: {
    openai: {
      baseUrl: null,
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: null,
    },
  },
  options: {},
  anyPlacement: true,
  exampleModels: [],
  sources: ['https://platform.openai.com/docs/api-reference/chat/create'],
};
