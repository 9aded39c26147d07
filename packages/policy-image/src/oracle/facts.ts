import type { Reason } from './reasons.js';

/** What key-auth looks at. */
export interface RequestFacts {
  readonly method: string;
  /** As sent, query included. */
  readonly path: string;
  /**
   * In order, repeated ones repeated, names in any case. Each character of a value stands for one byte (as in
   * latin1), because nothing promises that a value is UTF-8.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** In the pieces in which it arrives; none when the request has no body. */
  readonly body: readonly Uint8Array[];
  /** Unix seconds. */
  readonly now: number;
}

export interface Refusal {
  readonly kind: 'refuse';
  readonly reason: Reason;
  /** Value of the `allow` header, for `method-not-allowed`. */
  readonly allow?: string;
}

/** The plugin answers from the image. */
export interface Answer {
  readonly kind: 'answer';
  /** The consumer, or null where none is needed. */
  readonly consumer: string | null;
  readonly body: unknown;
}

/** The request goes upstream. */
export interface Admission {
  readonly kind: 'admit';
  readonly consumer: string;
  /** Value that the plugin gives to `x-hiclaw-route`. */
  readonly route: string;
  /** Where the decision rests on a model. */
  readonly model: string | null;
  /** Value of filter state `hiclaw.call`, where an attempt may have to change something. */
  readonly call: Uint8Array | null;
}

export type Decision = Refusal | Answer | Admission;

export function refuse(reason: Reason): Refusal {
  return { kind: 'refuse', reason };
}

export function isRefusal(value: object): value is Refusal {
  return 'kind' in value && value.kind === 'refuse';
}

/** Values of a header, in order. */
export function headerValues(facts: RequestFacts, name: string): readonly string[] {
  return facts.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** The path before the query. */
export function pathOf(facts: RequestFacts): string {
  const query = facts.path.indexOf('?');
  return query < 0 ? facts.path : facts.path.slice(0, query);
}
