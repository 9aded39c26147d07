import { BEARER, type ProviderPreset } from './preset.js';

const exampleModels = ['gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite'];
const keyHint = 'Keys are made in Google AI Studio; those of Vertex AI do not work here.';

export const gemini: ProviderPreset = {
  name: 'gemini',
  title: 'Google Gemini',
  endpoints: {
    gemini: {
      baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
      placements: [
        { in: 'header', header: 'x-goog-api-key', prefix: '' },
        { in: 'query', parameter: 'key' },
      ],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'gemini-2.5-flash-lite',
    },
  },
  options: {},
  exampleModels,
  keyHint,
  sources: ['https://ai.google.dev/api', 'https://ai.google.dev/api/models'],
};

/** The same models behind OpenAI's protocol; their keys stand elsewhere in a request. */
export const geminiOpenai: ProviderPreset = {
  name: 'gemini-openai',
  title: 'Google Gemini (OpenAI endpoint)',
  endpoints: {
    openai: {
      baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
      placements: [BEARER],
      includeUsage: true,
      modelsPath: '/models',
      testModel: 'gemini-2.5-flash-lite',
    },
  },
  options: {},
  exampleModels,
  keyHint,
  sources: ['https://ai.google.dev/gemini-api/docs/openai'],
};
