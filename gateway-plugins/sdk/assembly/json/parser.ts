import { failure, Result, success } from '../result';
import { Status } from '../types';
import { sequenceLength } from '../utf8';
import { parseDecimal } from './decimal';
import { JSON } from './value';

/** Values may nest this deep. */
const MAX_DEPTH = 64;

/**
 * A strict parser of RFC 8259: UTF-8 only and checked, no duplicate names, no lone surrogates, nothing after the value,
 * nesting limited. It never traps on input; `problem` says what was wrong and where.
 */
export class Parser {
  problem: string = '';
  private at: usize;
  private start: usize;
  private end: usize;
  private depth: i32 = 0;

  // The buffer is kept so that the collector sees it.
  constructor(private bytes: ArrayBuffer) {
    this.start = changetype<usize>(bytes);
    this.at = this.start;
    this.end = this.start + <usize>bytes.byteLength;
  }

  /** The value, or null. */
  parse(): JSON.Value | null {
    const value = this.value();
    if (value == null) return null;
    this.space();
    return this.at == this.end ? value : this.fail('text after the value');
  }

  private fail(problem: string): JSON.Value | null {
    if (this.problem.length == 0) {
      this.problem = problem + ' at byte ' + (<u32>(this.at - this.start)).toString();
    }
    return null;
  }

  private peek(): i32 {
    return this.at < this.end ? <i32>load<u8>(this.at) : -1;
  }

  private space(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
      this.at++;
    }
  }

  private value(): JSON.Value | null {
    this.space();
    const byte = this.peek();
    if (byte == 0x7b) return this.object();
    if (byte == 0x5b) return this.list();
    if (byte == 0x22) {
      const text = this.text();
      return text == null ? null : new JSON.Str(text);
    }
    if (byte == 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.number();
    if (this.word(0x74727565, 4)) return new JSON.Bool(true);
    if (byte == 0x66 && this.at + 5 <= this.end && load<u8>(this.at, 4) == 0x65 && this.word(0x66616c73, 4)) {
      this.at++;
      return new JSON.Bool(false);
    }
    if (this.word(0x6e756c6c, 4)) return new JSON.Null();
    return this.fail(byte == -1 ? 'unexpected end' : 'unexpected character');
  }

  private word(letters: u32, length: usize): bool {
    if (this.at + length > this.end || bswap<u32>(load<u32>(this.at)) != letters) return false;
    this.at += length;
    return true;
  }

  private object(): JSON.Value | null {
    if (++this.depth > MAX_DEPTH) return this.fail('nested too deep');
    const members = new JSON.Obj();
    this.at++;
    this.space();
    if (this.peek() == 0x7d) {
      this.at++;
      this.depth--;
      return members;
    }
    while (true) {
      this.space();
      if (this.peek() != 0x22) return this.fail('a name was expected');
      const name = this.text();
      if (name == null) return null;
      if (members.has(name)) return this.fail('duplicate name');
      this.space();
      if (this.peek() != 0x3a) return this.fail('":" was expected');
      this.at++;
      const value = this.value();
      if (value == null) return null;
      members.set(name, value);
      this.space();
      const byte = this.peek();
      if (byte != 0x2c && byte != 0x7d) return this.fail('"," or "}" was expected');
      this.at++;
      if (byte == 0x7d) {
        this.depth--;
        return members;
      }
    }
  }

  private list(): JSON.Value | null {
    if (++this.depth > MAX_DEPTH) return this.fail('nested too deep');
    const items = new JSON.Arr();
    this.at++;
    this.space();
    if (this.peek() == 0x5d) {
      this.at++;
      this.depth--;
      return items;
    }
    while (true) {
      const value = this.value();
      if (value == null) return null;
      items.push(value);
      this.space();
      const byte = this.peek();
      if (byte != 0x2c && byte != 0x5d) return this.fail('"," or "]" was expected');
      this.at++;
      if (byte == 0x5d) {
        this.depth--;
        return items;
      }
    }
  }

  private digits(): bool {
    const from = this.at;
    while (this.at < this.end && load<u8>(this.at) - 0x30 <= 9) this.at++;
    return this.at > from;
  }

  private number(): JSON.Value | null {
    const from = this.at;
    let whole = true;
    if (this.peek() == 0x2d) this.at++;
    const first = this.at;
    if (!this.digits()) return this.fail('a digit was expected');
    if (load<u8>(first) == 0x30 && this.at > first + 1) return this.fail('leading zero');
    const digitCount = this.at - first;
    if (this.peek() == 0x2e) {
      whole = false;
      this.at++;
      if (!this.digits()) return this.fail('a digit was expected');
    }
    if ((this.peek() | 0x20) == 0x65) {
      whole = false;
      this.at++;
      const sign = this.peek();
      if (sign == 0x2b || sign == 0x2d) this.at++;
      if (!this.digits()) return this.fail('a digit was expected');
    }
    // 18 digits always fit in 64 bits; beyond, the exact integer may not.
    if (whole && digitCount <= 18) {
      return new JSON.Integer(I64.parseInt(String.UTF8.decodeUnsafe(from, this.at - from), 10));
    }
    const value = parseDecimal(from, this.at);
    return isFinite(value) ? new JSON.Float(value) : this.fail('number out of range');
  }

  private text(): string | null {
    const from = ++this.at;
    let escaped = false;
    while (true) {
      const byte = this.peek();
      if (byte == -1) return this.failText('unterminated string');
      if (byte < 0x20) return this.failText('control character in a string');
      if (byte == 0x22) break;
      if (byte == 0x5c) {
        escaped = true;
        // The escaped character is checked when the string is put together.
        this.at += 2;
        if (this.at > this.end) return this.failText('unterminated string');
      } else if (byte < 0x80) {
        this.at++;
      } else {
        const length = sequenceLength(this.at, this.end);
        if (length == 0) return this.failText('not UTF-8');
        this.at += length;
      }
    }
    const to = this.at++;
    return escaped ? this.unescape(from, to) : String.UTF8.decodeUnsafe(from, to - from);
  }

  private failText(problem: string): string | null {
    this.fail(problem);
    return null;
  }

  private unescape(from: usize, to: usize): string | null {
    const parts = new Array<string>();
    let plain = from;
    let at = from;
    let high = 0;
    while (at < to) {
      if (load<u8>(at) != 0x5c) {
        if (high != 0) return this.failText('lone surrogate');
        at++;
        continue;
      }
      if (at > plain) parts.push(String.UTF8.decodeUnsafe(plain, at - plain));
      const letter = load<u8>(at, 1);
      let code = -1;
      if (letter == 0x75) {
        if (at + 6 <= to) code = hex4(at + 2);
        at += 6;
      } else {
        code = escapeOf(letter);
        at += 2;
      }
      if (code == -1) return this.failText('bad escape');
      const low = (code & 0xfc00) == 0xdc00;
      if (low != (high != 0)) return this.failText('lone surrogate');
      if (low) {
        parts.push(String.fromCharCode(high, code));
        high = 0;
      } else if ((code & 0xfc00) == 0xd800) {
        high = code;
      } else {
        parts.push(String.fromCharCode(code));
      }
      plain = at;
    }
    if (high != 0) return this.failText('lone surrogate');
    if (at > plain) parts.push(String.UTF8.decodeUnsafe(plain, at - plain));
    return parts.join('');
  }
}

function escapeOf(letter: u32): i32 {
  switch (letter) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return letter;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return -1;
  }
}

function hex4(at: usize): i32 {
  let code = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = <i32>load<u8>(at + i);
    let digit = -1;
    if (byte >= 0x30 && byte <= 0x39) digit = byte - 0x30;
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66) digit = (byte | 0x20) - 0x57;
    if (digit == -1) return -1;
    code = (code << 4) | digit;
  }
  return code;
}

/** A parsed value, or why there is none. */
export class JsonResult {
  constructor(
    public value: JSON.Value | null,
    /** What was wrong and at which byte; no part of the input. Empty when `value` is there. */
    public problem: string,
  ) {}
}

/** Parses UTF-8 bytes that must hold exactly one JSON value. */
export function parseJson(bytes: ArrayBuffer): JsonResult {
  const parser = new Parser(bytes);
  const value = parser.parse();
  return new JsonResult(value, parser.problem);
}

/** Like parseJson(), for input that must be an object; `ParseFailure` otherwise. */
export function parseJsonObject(bytes: ArrayBuffer): Result<JSON.Obj> {
  const value = new Parser(bytes).parse();
  if (value == null || !(value instanceof JSON.Obj))
    return failure<JSON.Obj>(Status.ParseFailure, 'parseJsonObject');
  return success<JSON.Obj>(<JSON.Obj>value, 'parseJsonObject');
}
