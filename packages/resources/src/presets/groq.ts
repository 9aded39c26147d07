import { BEARER, type ProviderPreset } from './preset.js';

export const groq: ProviderPreset = {
  name: 'groq',
  title: 'Groq',
  endpoints: {
    openai: {
      baseUrl: 'https://api.groq.com/openai/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'llama-3.1-8b-instant',
    },
  },
  options: {},
  exampleModels: ['llama-3.3-70b-versatile', 'llama-3.1-8b-instant'],
  sources: ['https://console.groq.com/docs/openai', 'https://console.groq.com/docs/api-reference'],
};
