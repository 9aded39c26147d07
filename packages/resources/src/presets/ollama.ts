import { BEARER, type ProviderPreset } from './preset.js';

export const ollama: ProviderPreset = {
  name: 'ollama',
  title: 'Ollama',
  endpoints: {
    openai: {
      baseUrl: 'http://127.0.0.1:11434/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: null,
    },
  },
  options: {},
  exampleModels: ['llama3.2', 'qwen3'],
  keyHint: 'A server of your own asks for no key unless a proxy in front of it does.',
  sources: ['https://docs.ollama.com/api/openai-compatibility'],
};
