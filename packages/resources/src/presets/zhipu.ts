import { BEARER, type ProviderPreset, X_API_KEY } from './preset.js';

export const zhipu: ProviderPreset = {
  name: 'zhipu',
  title: 'Zhipu GLM (bigmodel.cn, Z.ai)',
  endpoints: {
    openai: {
      baseUrl: 'https://{region}/api/paas/v4',
      placements: [BEARER],
      // Usage stands in the last chunk of every stream, asked for or not.
      includeUsage: false,
      modelsPath: null,
      testModel: 'glm-4.5-flash',
    },
    anthropic: {
      baseUrl: 'https://{region}/api/anthropic/v1',
      placements: [X_API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'glm-4.5-flash',
    },
  },
  options: {
    region: {
      description: 'Whose account: `cn` is bigmodel.cn, `intl` is Z.ai; their keys are not interchangeable.',
      choices: { cn: 'open.bigmodel.cn', intl: 'api.z.ai' },
    },
  },
  exampleModels: ['glm-4.7', 'glm-4.6', 'glm-4.5-flash'],
  keyHint: 'Keys of bigmodel.cn and Z.ai are not interchangeable; compare spec.presetOptions.region.',
  sources: [
    'https://docs.z.ai/guides/develop/http/introduction',
    'https://docs.z.ai/devpack/tool/claude',
    'https://docs.bigmodel.cn/cn/guide/develop/http/introduction',
  ],
};
