import { BEARER, type ProviderPreset } from './preset.js';

export const vllm: ProviderPreset = {
  name: 'vllm',
  title: 'vLLM',
  endpoints: {
    openai: {
      baseUrl: 'http://127.0.0.1:8000/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: null,
    },
  },
  options: {},
  exampleModels: ['Qwen/Qwen3-8B'],
  keyHint: 'The key is what the server was started with (--api-key); without that it asks for none.',
  sources: ['https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html'],
};
