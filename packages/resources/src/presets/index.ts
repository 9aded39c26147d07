import { anthropic } from './anthropic.js';
import { azureOpenai, azureOpenaiDeployments } from './azure-openai.js';
import { dashscope } from './dashscope.js';
import { deepseek } from './deepseek.js';
import { gemini, geminiOpenai } from './gemini.js';
import { groq } from './groq.js';
import { mistral } from './mistral.js';
import { moonshot } from './moonshot.js';
import { ollama } from './ollama.js';
import { openaiCompatible } from './openai-compatible.js';
import { openai } from './openai.js';
import { openrouter } from './openrouter.js';
import type { ProviderPreset } from './preset.js';
import { siliconflow } from './siliconflow.js';
import { vllm } from './vllm.js';
import { xai } from './xai.js';
import { zhipu } from './zhipu.js';

/** Every preset, in the order in which documents list them. */
export const PRESETS: readonly ProviderPreset[] = [
  openai,
  anthropic,
  azureOpenai,
  azureOpenaiDeployments,
  dashscope,
  deepseek,
  gemini,
  geminiOpenai,
  groq,
  mistral,
  moonshot,
  ollama,
  openrouter,
  siliconflow,
  vllm,
  xai,
  zhipu,
  openaiCompatible,
];

export const PRESET_NAMES: readonly string[] = PRESETS.map(({ name }) => name);

/** The preset of that name; undefined also for one that a newer or older version knows. */
export function findPreset(name: string): ProviderPreset | undefined {
  return PRESETS.find((preset) => preset.name === name);
}
