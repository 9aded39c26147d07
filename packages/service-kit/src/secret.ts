import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A value that must not be shown. Every implicit way to text (template, JSON, inspect, logger) gives `[redacted]`;
 * the only way to the value is `expose()`, which is easy to find in a review.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Do not keep it longer than the call that needs it. */
  expose(): T {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
