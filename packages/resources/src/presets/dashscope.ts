import { BEARER, type ProviderPreset, X_API_KEY } from './preset.js';

export const dashscope: ProviderPreset = {
  name: 'dashscope',
  title: 'Alibaba Cloud Model Studio (Bailian, DashScope)',
  endpoints: {
    openai: {
      baseUrl: 'https://{region}/compatible-mode/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'qwen-flash',
    },
    // Documented for cn and intl; a region without it answers 404, which a test of the provider shows.
    anthropic: {
      baseUrl: 'https://{region}/apps/anthropic/v1',
      placements: [X_API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'qwen-flash',
    },
  },
  options: {
    region: {
      description: 'Where the key was made: keys work in their own region only.',
      choices: {
        cn: 'dashscope.aliyuncs.com',
        intl: 'dashscope-intl.aliyuncs.com',
        us: 'dashscope-us.aliyuncs.com',
      },
    },
  },
  exampleModels: ['qwen3-max', 'qwen-plus', 'qwen-flash'],
  keyHint: 'A key works only in the region it was made in; compare spec.presetOptions.region.',
  sources: [
    'https://www.alibabacloud.com/help/en/model-studio/regions/',
    'https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope',
    'https://help.aliyun.com/zh/model-studio/anthropic-api-messages',
  ],
};
