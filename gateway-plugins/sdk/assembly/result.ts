import { proxy_log } from './abi';
import { LogLevel, Status, statusName } from './types';

// Failures whose status nobody has read yet; the dispatcher reports them when the callback ends.
const unread = new Array<Outcome>();

/**
 * What became of a hostcall. AssemblyScript cannot force a caller to look, so this does: a failure that nobody looked at
 * until the callback ends is logged at error level with the name of the hostcall.
 */
export class Outcome {
  private read: bool = false;

  constructor(
    private code: Status,
    private call: string,
  ) {
    if (code != Status.Ok) unread.push(this);
  }

  /** The status that the host returned. */
  get status(): Status {
    this.read = true;
    return this.code;
  }

  /** True when the hostcall succeeded. */
  get ok(): bool {
    this.read = true;
    return this.code == Status.Ok;
  }

  /** Traps when the hostcall failed: for what the plugin cannot go on without. */
  must(): void {
    if (this.code != Status.Ok) throw new Error(this.describe());
  }

  /** Says that a failure here does not matter. */
  ignore(): void {
    this.read = true;
  }

  /** `proxy_http_call: BadArgument`, for logs. */
  describe(): string {
    this.read = true;
    return this.call + ': ' + statusName(this.code);
  }

  /** True when somebody has looked at the status. */
  get wasRead(): bool {
    return this.read;
  }
}

/** Outcome of a hostcall that returns a value. */
export class Result<T> extends Outcome {
  constructor(
    code: Status,
    call: string,
    private content: T,
  ) {
    super(code, call);
  }

  /** The value. Traps when the hostcall failed, so a failure can never be taken for a value. */
  get value(): T {
    this.must();
    return this.content;
  }

  /** The value, or `fallback` when the hostcall failed for whatever reason. */
  or(fallback: T): T {
    return this.ok ? this.content : fallback;
  }
}

const done = new Outcome(Status.Ok, '');

/** Outcome of `call`; a success costs no allocation. */
export function outcome(status: u32, call: string): Outcome {
  return status == Status.Ok ? done : new Outcome(<Status>status, call);
}

/** A result that carries a value. */
export function success<T>(value: T, call: string): Result<T> {
  return new Result<T>(Status.Ok, call, value);
}

/** A result that carries no value. */
export function failure<T>(status: u32, call: string): Result<T> {
  // Nobody can read the zero: value traps and or() returns the fallback.
  if (isReference<T>()) return new Result<T>(<Status>status, call, changetype<T>(0));
  return new Result<T>(<Status>status, call, <T>0);
}

/** Logs the failures that nobody looked at, and forgets them. Called when the outermost callback ends. */
export function reportUnread(): void {
  const count = unread.length;
  if (count == 0) return;
  for (let i = 0; i < count; i++) {
    const failed = unread[i];
    if (failed.wasRead) continue;
    const text = String.UTF8.encode('unchecked failure of ' + failed.describe());
    proxy_log(LogLevel.Error, changetype<usize>(text), text.byteLength);
  }
  unread.length = 0;
}
