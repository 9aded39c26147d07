import { proxy_get_log_level, proxy_log } from '../abi';
import { arenaAllocate } from '../arena';
import { clearOut, OUT_FIRST, outFirst } from '../out';
import { encodeText, lastLength } from '../text';
import { LogLevel, Status, statusName } from '../types';

// Until the host has been asked, everything is let through and the host decides.
let currentLevel: u32 = LogLevel.Trace;

/**
 * Asks the host for its log level. The context classes do so when a plugin is configured, on each tick and on every 256th
 * stream, so a level changed at run time is seen soon and costs nothing.
 */
export function refreshLogLevel(): void {
  clearOut();
  if (proxy_get_log_level(OUT_FIRST) == Status.Ok) currentLevel = outFirst();
}

/** True when the host would keep a message of this level: `if (logEnabled(LogLevel.Debug)) log(LogLevel.Debug, a + b)`. */
export function logEnabled(level: LogLevel): bool {
  return <u32>level >= currentLevel;
}

/** Logs a message that is already there. To build one only when it is wanted, use logAt() or logEnabled(). */
export function log(level: LogLevel, message: string): void {
  if (<u32>level < currentLevel) return;
  const pointer = encodeText(message);
  // A plugin can do nothing about a log line that is lost.
  proxy_log(level, pointer, lastLength());
}

const CAPACITY: usize = 4096;
const line: usize = memory.data(4096);

/**
 * A log line being built. While its level is off nothing is formatted, copied or allocated, so the arguments may be any
 * values at hand:
 *
 *   logAt(LogLevel.Debug).text('host', host).number('attempt', n).write('call failed');
 *
 * gives `call failed host="…" attempt=2`. A line is cut at 4 KiB. Never pass a secret: what is passed is logged.
 */
export class LogEntry {
  private level: LogLevel = LogLevel.Trace;
  private on: bool = false;
  private length: usize = 0;

  /** Starts a line; used by logAt(). */
  start(level: LogLevel): LogEntry {
    this.level = level;
    this.on = logEnabled(level);
    this.length = 0;
    return this;
  }

  /** Adds ` key="value"`, with quotes, backslashes and control characters escaped. */
  text(key: string, value: string): LogEntry {
    if (!this.on) return this;
    this.key(key);
    this.byte(0x22);
    const length = <usize>value.length * 3;
    const bytes = arenaAllocate(length);
    if (bytes == 0) return this;
    const end = bytes + String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, bytes);
    for (let at = bytes; at < end; at++) {
      const byte = load<u8>(at);
      if (byte == 0x22 || byte == 0x5c) {
        this.byte(0x5c);
        this.byte(byte);
      } else if (byte < 0x20 || byte == 0x7f) {
        this.byte(0x3f);
      } else {
        this.byte(byte);
      }
    }
    this.byte(0x22);
    return this;
  }

  /** Adds ` key=value`. */
  number(key: string, value: i64): LogEntry {
    if (!this.on) return this;
    this.key(key);
    this.ascii(value.toString());
    return this;
  }

  /** Adds ` key=true` or ` key=false`. */
  flag(key: string, value: bool): LogEntry {
    if (!this.on) return this;
    this.key(key);
    this.ascii(value ? 'true' : 'false');
    return this;
  }

  /** Adds ` key=NotFound` or the like. */
  status(key: string, value: Status): LogEntry {
    if (!this.on) return this;
    this.key(key);
    this.ascii(statusName(value));
    return this;
  }

  /** Sends `message` and the fields. */
  write(message: string): void {
    if (!this.on) return;
    const pointer = arenaAllocate(<usize>message.length * 3 + this.length);
    if (pointer == 0) return;
    const length = String.UTF8.encodeUnsafe(changetype<usize>(message), message.length, pointer);
    memory.copy(pointer + length, line, this.length);
    proxy_log(this.level, pointer, length + this.length);
    this.on = false;
  }

  private key(name: string): void {
    this.byte(0x20);
    this.ascii(name);
    this.byte(0x3d);
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  private byte(value: u32): void {
    if (this.length < CAPACITY) store<u8>(line + this.length++, value);
  }
}

const entry = new LogEntry();

/** Starts a log line. There is one line at a time: finish it with write() before the next. */
export function logAt(level: LogLevel): LogEntry {
  return entry.start(level);
}
