import { BEARER, type ProviderPreset, X_API_KEY } from './preset.js';

export const moonshot: ProviderPreset = {
  name: 'moonshot',
  title: 'Moonshot AI (Kimi)',
  endpoints: {
    openai: {
      baseUrl: 'https://{region}/v1',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'moonshot-v1-8k',
    },
    anthropic: {
      baseUrl: 'https://{region}/anthropic/v1',
      placements: [X_API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: 'kimi-k2.5',
    },
  },
  options: {
    region: {
      description: 'Which platform the key is of; their keys are not interchangeable.',
      choices: { cn: 'api.moonshot.cn', intl: 'api.moonshot.ai' },
    },
  },
  exampleModels: ['kimi-k2.6', 'kimi-k2.5', 'moonshot-v1-8k'],
  keyHint:
    'Keys of api.moonshot.cn and api.moonshot.ai are not interchangeable; compare spec.presetOptions.region.',
  sources: [
    'https://platform.moonshot.ai/docs/api/chat',
    'https://platform.moonshot.ai/docs/guide/agent-support',
    'https://docs.openclaw.ai/providers/moonshot',
  ],
};
