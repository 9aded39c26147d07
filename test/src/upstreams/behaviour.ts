/** Tokens of one answer. As in OpenAI's `usage`: `input` includes `cachedInput` and `cacheWrite`, `output` includes `reasoning`. */
export interface UsageNumbers {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
}

/** How a pretend upstream answers. */
export interface Behaviour {
  /** Answer with this status and the protocol's own error body instead. Default: none. */
  readonly status?: number;
  /** Seconds of the `Retry-After` header that goes with `status`. Default: no such header. */
  readonly retryAfter?: number;
  /** Milliseconds before the first byte, headers included. Default: 0. */
  readonly delayMs: number;
  /** Milliseconds from a stream's headers to its first event. Default: 0. */
  readonly firstEventMs: number;
  /** Content chunks of a stream; `Infinity`: until the client goes away. Default: 5. */
  readonly chunks: number;
  /** Milliseconds between chunks. Default: 0. */
  readonly intervalMs: number;
  /** After so many chunks send nothing more and leave the stream open. Default: never. */
  readonly idleAfter?: number;
  /** After so many chunks reset the connection; 0: before the answer's first byte. Default: never. */
  readonly resetAfter?: number;
  /** Reset the connection after the status line and half of the headers. Default: false. */
  readonly resetMidHeaders: boolean;
  /** What the answer says of its tokens; null: nothing, as some providers do. Default: 7 in, 5 out. */
  readonly usage: UsageNumbers | null;
  /**
   * Call this tool instead of answering in words, if the request offers it and does not end with a tool's result.
   * Default: none.
   */
  readonly tool?: string;
  /** Arguments of that call. Default: none. */
  readonly toolArguments: Readonly<Record<string, unknown>>;
}

const DEFAULT_USAGE: UsageNumbers = { input: 7, cachedInput: 0, cacheWrite: 0, output: 5, reasoning: 0 };

export const DEFAULT_BEHAVIOUR: Behaviour = {
  delayMs: 0,
  firstEventMs: 0,
  chunks: 5,
  intervalMs: 0,
  resetMidHeaders: false,
  usage: DEFAULT_USAGE,
  toolArguments: {},
};

/**
 * Behaviour asked for by a model's name: `pretend` followed by any of
 * - `-chunks-<n>`, `-endless`, `-every-<n>ms`, `-idle-after-<n>`: a stream's length and pace;
 * - `-delay-<n>ms`, `-first-event-<n>ms`: a slow first byte, a slow first event;
 * - `-status-<nnn>`, `-retry-after-<seconds>`: errors;
 * - `-reset-after-<n>` (0: before the first byte), `-reset-mid-headers`: broken connections;
 * - `-usage` with any of `-in-<n>`, `-cached-<n>`, `-write-<n>`, `-out-<n>`, `-reasoning-<n>`, or `-no-usage`: tokens;
 *   what `-usage` does not name is 0;
 * - `-calls-<tool>`: a tool call.
 *
 * So `pretend-endless-every-50ms` streams a chunk each 50 ms until the client goes away, and `pretend-usage-in-12-out-5`
 * says that it used 12 and 5 tokens. Any other name asks for nothing.
 */
export function behaviourOfModel(model: string): Partial<Behaviour> {
  if (!model.startsWith('pretend')) return {};
  const number = (pattern: RegExp): number | undefined => {
    const digits = pattern.exec(model)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const entries = {
    status: number(/-status-(\d{3})\b/),
    retryAfter: number(/-retry-after-(\d+)\b/),
    delayMs: number(/-delay-(\d+)ms\b/),
    firstEventMs: number(/-first-event-(\d+)ms\b/),
    chunks: model.includes('-endless') ? Infinity : number(/-chunks-(\d+)\b/),
    intervalMs: number(/-every-(\d+)ms\b/),
    idleAfter: number(/-idle-after-(\d+)\b/),
    resetAfter: number(/-reset-after-(\d+)\b/),
    resetMidHeaders: model.includes('-reset-mid-headers') ? true : undefined,
    usage: usageOfModel(model, number),
    tool: /-calls-([A-Za-z0-9_.]+)/.exec(model)?.[1],
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function usageOfModel(
  model: string,
  number: (pattern: RegExp) => number | undefined,
): UsageNumbers | null | undefined {
  if (model.includes('-no-usage')) return null;
  if (!model.includes('-usage')) return undefined;
  return {
    input: number(/-in-(\d+)\b/) ?? 0,
    cachedInput: number(/-cached-(\d+)\b/) ?? 0,
    cacheWrite: number(/-write-(\d+)\b/) ?? 0,
    output: number(/-out-(\d+)\b/) ?? 0,
    reasoning: number(/-reasoning-(\d+)\b/) ?? 0,
  };
}
