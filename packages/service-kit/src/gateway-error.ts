/** Options of a `GatewayError`. */
export interface GatewayErrorOptions {
  /** Whether the same call may succeed later without any change; default false. */
  readonly retryable?: boolean;
  /** What went wrong underneath. Its text is not repeated in the message. */
  readonly cause?: unknown;
}

/**
 * The error class of all services. `code` is stable and for programs; `message` is for people and says which object,
 * what is wrong with it and what to do. It never holds a secret.
 */
export class GatewayError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
