import { BEARER, type ProviderPreset } from './preset.js';

export const siliconflow: ProviderPreset = {
  name: 'siliconflow',
  title: 'SiliconFlow',
  endpoints: {
    openai: {
      baseUrl: 'https://{region}/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'Qwen/Qwen3-8B',
    },
  },
  options: {
    region: {
      description: 'Which platform the key is of.',
      choices: { cn: 'api.siliconflow.cn', intl: 'api.siliconflow.com' },
    },
  },
  exampleModels: ['Qwen/Qwen3-8B', 'deepseek-ai/DeepSeek-V3'],
  keyHint:
    'Keys of siliconflow.cn and siliconflow.com are not interchangeable; compare spec.presetOptions.region.',
  sources: [
    'https://docs.siliconflow.cn/docs/userguide/quickstart',
    'https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions',
  ],
};
