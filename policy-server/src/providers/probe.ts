import { findPreset, type PresetEndpoint, type ProviderSpec } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import type { Outbound, OutboundAnswer, OutboundResult } from '../outbound/outbound-call.js';
import type { BoundCredential } from '../translate/state.js';
import { type Asked, type Diagnosis, diagnoseAnswer, diagnoseFailure } from './diagnosis.js';
import { PROTOCOL_CALLS, type ProtocolCalls } from './protocol-calls.js';

/** What a test of a provider found. */
export interface ProbeResult {
  readonly ok: boolean;
  /** Milliseconds of the last call. */
  readonly latencyMs: number;
  /** The model that was called; null: it did not come to that. */
  readonly model: string | null;
  readonly error: Diagnosis | null;
}

export interface ProbeOptions {
  readonly call: Outbound;
  readonly spec: ProviderSpec;
  readonly credential: BoundCredential | null;
  /** Default: the first of the provider's models, the preset's cheap one, the first that the provider lists. */
  readonly model: string | undefined;
  /** Milliseconds for each of the two calls. */
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_LISTED = 5000;

/** Puts the credential where the gateway would put it. */
function placed(
  url: string,
  credential: BoundCredential | null,
): { readonly url: string; readonly headers: Readonly<Record<string, Secret>> } {
  if (credential === null) return { url, headers: {} };
  const { placement, name, prefix } = credential;
  const value = credential.value.expose();
  switch (placement) {
    case 'header':
      return { url, headers: { [name]: new Secret(`${prefix}${value}`) } };
    case 'basic':
      return {
        url,
        headers: { authorization: new Secret(`Basic ${Buffer.from(value).toString('base64')}`) },
      };
    case 'query':
      return {
        url: `${url}${url.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`,
        headers: {},
      };
    default:
      return placement satisfies never;
  }
}

/** The parser's messages repeat parts of the text, which may hold the key. Undefined: it is no JSON. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isSuccess({ status }: OutboundAnswer): boolean {
  return status >= 200 && status < 300;
}

class Probe {
  readonly #options: ProbeOptions;
  readonly #calls: ProtocolCalls;
  readonly #endpoint: PresetEndpoint | undefined;
  #latencyMs = 0;
  #asked: Asked;

  constructor(options: ProbeOptions) {
    const { spec, credential } = options;
    const preset = spec.preset === undefined ? undefined : findPreset(spec.preset);
    this.#options = options;
    this.#calls = PROTOCOL_CALLS[spec.protocol];
    this.#endpoint = preset?.endpoints[spec.protocol];
    this.#asked = {
      ...{ baseUrl: spec.baseUrl.replace(/\/$/, ''), protocol: spec.protocol, model: null, listed: null },
      hasCredential: credential !== null,
      keyHint: preset?.keyHint ?? '',
      secrets: credential === null ? [] : [credential.value.expose()],
    };
  }

  async run(): Promise<ProbeResult> {
    const stopped = await this.#listModels();
    if (stopped !== null) return this.#failed(stopped);
    const model = this.#chooseModel();
    if (model === null) {
      const hint =
        'There is no model to test with. Name one, such as {"model": "…"} in the body of the request, or list it in spec.models.';
      return this.#failed({ code: 'model-needed', hint });
    }
    this.#asked = { ...this.#asked, model };
    const { answer, failure } = await this.#send(
      this.#endpoint?.completionPath?.replace('{model}', encodeURIComponent(model)) ??
        this.#calls.completionPath(model),
      this.#calls.completionBody(model, this.#endpoint?.maxTokensField ?? 'max_tokens'),
    );
    if (failure !== undefined) return this.#failed(diagnoseFailure(failure));
    const parsed = parse(answer.body);
    if (isSuccess(answer) && this.#calls.isCompletion(parsed)) {
      return { ok: true, latencyMs: this.#latencyMs, model, error: null };
    }
    return this.#failed(diagnoseAnswer(answer, parsed, this.#asked));
  }

  #failed(error: Diagnosis): ProbeResult {
    return { ok: false, latencyMs: this.#latencyMs, model: this.#asked.model, error };
  }

  /** Costs nothing. Gives what makes a completion pointless, or null: not every key may list models. */
  async #listModels(): Promise<Diagnosis | null> {
    const path = this.#endpoint === undefined ? this.#calls.modelsPath : this.#endpoint.modelsPath;
    if (path === null) return null;
    const { answer, failure } = await this.#send(path);
    if (failure !== undefined && failure.code !== 'answer-too-large') return diagnoseFailure(failure);
    if (answer === undefined) return null;
    const parsed = parse(answer.body);
    if (isSuccess(answer)) {
      const listed = this.#calls.readModels(parsed)?.slice(0, MAX_LISTED) ?? null;
      this.#asked = { ...this.#asked, listed };
      return parsed === undefined ? diagnoseAnswer(answer, parsed, this.#asked) : null;
    }
    const found = diagnoseAnswer(answer, parsed, this.#asked);
    return ['key-refused', 'key-missing', 'redirected'].includes(found.code) ? found : null;
  }

  #chooseModel(): string | null {
    const { model, spec } = this.#options;
    const { listed } = this.#asked;
    const cheap = this.#endpoint?.testModel ?? null;
    const known = cheap !== null && (listed === null || listed.includes(cheap)) ? cheap : null;
    return model ?? spec.models[0] ?? known ?? listed?.[0] ?? null;
  }

  async #send(path: string, body?: object): Promise<OutboundResult> {
    const { call, spec, credential, timeoutMs } = this.#options;
    const target = placed(`${this.#asked.baseUrl}${path}`, credential);
    const fixed = Object.entries({
      ...this.#calls.headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }).map(([name, value]): [string, Secret] => [name, new Secret(value)]);
    const startMs = performance.now();
    const result = await call({
      method: body === undefined ? 'GET' : 'POST',
      url: target.url,
      headers: { ...Object.fromEntries(fixed), ...target.headers },
      ...(body === undefined ? {} : { body: new Secret(JSON.stringify(body)) }),
      caCertificates: spec.caCertificates,
      timeoutMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    });
    this.#latencyMs = Math.round(performance.now() - startMs);
    return result;
  }
}

/**
 * Calls a provider as the gateway would: first for its models, where it lists them, then for the cheapest possible
 * completion. Never rejects; nothing in the result holds a part of the credential.
 */
export function probeProvider(options: ProbeOptions): Promise<ProbeResult> {
  return new Probe(options).run();
}
