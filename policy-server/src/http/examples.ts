import type { Kind } from '@hiclaw/resources';

/** One valid input of each kind, for the API document. The value of the credential is a placeholder. */
export const INPUT_EXAMPLES: Readonly<Record<Kind, object>> = {
  Credential: {
    metadata: { name: 'openai' },
    spec: { value: 'REPLACE-WITH-YOUR-KEY', hosts: ['api.openai.com'] },
  },
  Provider: {
    metadata: { name: 'openai' },
    spec: {
      protocol: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      credential: 'openai',
      models: ['gpt-4o'],
    },
  },
  LlmRoute: {
    metadata: { name: 'chat' },
    spec: {
      path: '/v1',
      models: ['gpt-4o', 'gpt-4*'],
      targets: [{ provider: 'openai' }],
      allowedConsumers: ['worker-alice', { name: 'worker-bob', models: ['gpt-4o-mini'] }],
    },
  },
  McpServer: {
    metadata: { name: 'github' },
    spec: {
      url: 'https://api.githubcopilot.com/mcp',
      credential: 'github',
      allowedConsumers: ['worker-alice'],
    },
  },
  ServiceRoute: {
    metadata: { name: 'github-api' },
    spec: {
      baseUrl: 'https://api.github.com',
      credential: 'github',
      allow: [{ methods: ['GET'], paths: ['/repos/**'] }],
      allowedConsumers: ['worker-alice'],
    },
  },
  Consumer: {
    metadata: { name: 'worker-alice', labels: { team: 'red' } },
    spec: { description: 'Writes the release notes.' },
  },
};
