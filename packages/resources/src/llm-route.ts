import { type Static, Type } from 'typebox';
import { LlmAllowedConsumers } from './allowed-consumers.js';
import { parseTimeout } from './duration.js';
import type { FieldErrors } from './field-errors.js';
import { CLOSED, formatted, Name, words } from './schema-parts.js';

/**
 * Statuses after which another attempt can do better: the target refuses this account, does not have the model, is
 * busy, or failed. Others (such as 400, 413, 422) say that the request is wrong, which no target changes.
 */
const RETRYABLE_STATUSES: readonly number[] = [
  401, 402, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529,
];

/** `spec.retry.statuses` when nothing is said: the provider is busy or failed. */
export const DEFAULT_RETRY_STATUSES: readonly number[] = [429, 500, 502, 503, 504];

/** Silence after which a request is over, in milliseconds, when nothing is said. */
export const DEFAULT_SILENCE_MS = 600_000;

/** `spec.timeouts.firstByte` of a route with several targets, in milliseconds, when nothing is said. */
export const DEFAULT_FIRST_BYTE_MS = 300_000;

const Target = Type.Object(
  {
    provider: Name,
    model: Type.Optional(
      formatted('model-name', {
        description:
          'What the provider calls the model; put in the place of the name that was asked for. Default: the name that was asked for.',
      }),
    ),
    priority: Type.Integer({
      minimum: 0,
      maximum: 127,
      default: 0,
      description:
        'Lower is tried first. The targets of the lowest priority say what the names of the models stand for; the others are fallbacks, and a consumer that may use only some models reaches none whose `model` is not among them.',
    }),
    weight: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 1,
      description: 'Share among targets of one priority.',
    }),
  },
  CLOSED,
);
type Target = Readonly<Static<typeof Target>>;

const Retry = Type.Object(
  {
    statuses: Type.Array(Type.Integer({ minimum: 400, maximum: 599 }), {
      maxItems: RETRYABLE_STATUSES.length,
      default: [...DEFAULT_RETRY_STATUSES],
      description: `Statuses of a target after which there is another attempt: any of ${RETRYABLE_STATUSES.join(', ')}.`,
    }),
    attempts: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 15,
        description:
          'Further attempts after the first, whatever it failed of; 0: none. Default: the number of other targets, at least 1.',
      }),
    ),
  },
  {
    ...CLOSED,
    description:
      'When a request is sent again, always before the first byte of an answer. Default with several targets: after these statuses, a broken connection or a timeout, to another target. Default with one: only when it cannot have seen the request, because a second completion is paid for like the first.',
  },
);

const Timeouts = Type.Object(
  {
    firstByte: Type.Optional(
      formatted('timeout', {
        description:
          'How long an attempt may take until its answer begins, such as 90s; at most 30m. An answer that is not streamed begins when it is complete. Default: 5m with several targets, else `betweenChunks`.',
      }),
    ),
    betweenChunks: Type.Optional(
      formatted('timeout', {
        description:
          'How long a request may go without a byte: between chunks of its answer, and before it, all attempts together; such as 15m, at most 30m and not below `firstByte`. Default: 10m, or what all attempts take at most if that is longer.',
      }),
    ),
  },
  { ...CLOSED, description: 'How long targets may keep a request waiting.' },
);

const StoredResponses = words(['refused', 'shared'], {
  default: 'refused',
  description:
    'What becomes of requests that refer to something a provider has stored, by id: responses, conversations, prompts, cached content. An id does not say whose it is. `shared`: every consumer that may use the route may read and use all of it; only with one target.',
});

const llmRouteFields = {
  path: formatted('llm-path', { default: '/v1', description: 'Path prefix under which the route listens.' }),
  models: Type.Array(formatted('model-pattern'), {
    minItems: 1,
    maxItems: 256,
    description: 'Models that may be asked for; `*` is any run of characters.',
  }),
  targets: Type.Array(Target, {
    minItems: 1,
    maxItems: 16,
    description: 'Where requests go: shared by weight within the lowest priority, then to the next one.',
  }),
  retry: Type.Optional(Retry),
  timeouts: Type.Optional(Timeouts),
  storedResponses: Type.Optional(StoredResponses),
};

/** Lets consumers use models. */
export const LlmRouteSpec = Type.Object(llmRouteFields, CLOSED);
export type LlmRouteSpec = Readonly<Static<typeof LlmRouteSpec>>;
export const LlmRouteSpecInput = Type.Object(
  { ...llmRouteFields, allowedConsumers: Type.Optional(LlmAllowedConsumers) },
  CLOSED,
);
export type LlmRouteSpecInput = Readonly<Static<typeof LlmRouteSpecInput>>;

/** What the schema cannot say: which targets, statuses and times go together. */
export function checkLlmRoute(
  { targets, retry, timeouts, storedResponses }: LlmRouteSpec,
  errors: FieldErrors,
): void {
  checkTargets(targets, errors);
  if (storedResponses === 'shared' && targets.length > 1) {
    errors.add('spec.storedResponses', 'can be shared with one target only: an id does not say which has it');
  }
  const seen = new Set<number>();
  for (const [index, status] of (retry?.statuses ?? []).entries()) {
    const at = `spec.retry.statuses[${index}]`;
    if (seen.has(status)) errors.add(at, `${status} is listed twice`);
    else if (!RETRYABLE_STATUSES.includes(status)) {
      errors.add(at, `another attempt cannot help after ${status}; use ${RETRYABLE_STATUSES.join(', ')}`);
    }
    seen.add(status);
  }
  const firstByte = milliseconds(timeouts?.firstByte);
  const silence = milliseconds(timeouts?.betweenChunks);
  if (firstByte !== undefined && silence !== undefined && silence < firstByte) {
    const message =
      'must not be shorter than spec.timeouts.firstByte: it bounds the silence before the first byte too';
    errors.add('spec.timeouts.betweenChunks', message);
  }
}

function checkTargets(targets: readonly Target[], errors: FieldErrors): void {
  const known = new Map<string, number>();
  for (const [index, { provider, model }] of targets.entries()) {
    const name = JSON.stringify([provider, model]);
    const before = known.get(name);
    if (before === undefined) {
      known.set(name, index);
      continue;
    }
    const message = `repeats spec.targets[${before}], the same provider and model; give that one more weight instead`;
    errors.add(`spec.targets[${index}]`, message);
  }
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTimeout(text).value;
}
