import { BEARER, type PresetOption, type PresetPlacement, type ProviderPreset } from './preset.js';

const API_KEY: PresetPlacement = { in: 'header', header: 'api-key', prefix: '' };

const resource: PresetOption = {
  description: 'Name of the Azure resource: the part of its endpoint before .openai.azure.com.',
  pattern: /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/,
  example: 'my-resource',
};

const keyHint = 'A key is of one resource; spec.presetOptions.resource must name that resource.';

/** The v1 API: paths as OpenAI's, the model of a request is the name of a deployment. */
export const azureOpenai: ProviderPreset = {
  name: 'azure-openai',
  title: 'Azure OpenAI (v1 API)',
  endpoints: {
    openai: {
      baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
      // Bearer tokens are of Microsoft Entra ID.
      placements: [API_KEY, BEARER],
      includeUsage: true,
      // The list there is of all models of the region, not of the account's deployments.
      modelsPath: null,
      testModel: null,
      maxTokensField: 'max_completion_tokens',
    },
  },
  options: { resource },
  exampleModels: ['my-gpt-4-1-deployment'],
  keyHint,
  sources: [
    'https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle',
    'https://learn.microsoft.com/azure/ai-foundry/openai/reference',
    'https://github.com/openai/openai-node/blob/HEAD/azure.md',
  ],
};

/** The dated API: clients name the deployment in the path and an `api-version` in the query. */
export const azureOpenaiDeployments: ProviderPreset = {
  name: 'azure-openai-deployments',
  title: 'Azure OpenAI (deployments in the path)',
  endpoints: {
    openai: {
      baseUrl: 'https://{resource}.openai.azure.com/openai',
      placements: [API_KEY, BEARER],
      includeUsage: true,
      modelsPath: null,
      testModel: null,
      completionPath: '/deployments/{model}/chat/completions?api-version=2024-10-21',
      maxTokensField: 'max_completion_tokens',
    },
  },
  options: { resource },
  exampleModels: ['my-gpt-4-1-deployment'],
  keyHint,
  sources: ['https://learn.microsoft.com/azure/ai-foundry/openai/reference'],
};
