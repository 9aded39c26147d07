/** What a body says about its model. `at`: number of bytes after which it is clear that the body is malformed. */
export type ScannedBody =
  | { readonly kind: 'malformed'; readonly at: number }
  | { readonly kind: 'ambiguous' | 'missing' | 'unusable' }
  | { readonly kind: 'model'; readonly model: string };

const MAX_DEPTH = 128;
const MAX_MODEL_BYTES = 256;
const OTHER_MODEL_KEYS = new Set(['model', 'models', 'fallback', 'fallbacks']);
const SIMPLE_ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CONTROL = /[\u0000-\u001f\u007f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

class Malformed extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`malformed at byte ${at}`);
    this.at = at;
  }
}

/** Reads a body as one strict JSON object (RFC 8259, UTF-8, at most 128 levels) and finds its model. */
export function scanBody(body: Uint8Array): ScannedBody {
  const scanner = new Scanner(body);
  try {
    return scanner.document();
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', at: error.at };
    throw error;
  }
}

class Scanner {
  readonly #body: Uint8Array;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  document(): ScannedBody {
    const models: (string | null)[] = [];
    let others = 0;
    this.#space();
    if (this.#peek() !== '{') this.#fail();
    this.#object(1, (key) => {
      const isText = this.#peek() === '"';
      if (key === 'model') models.push(isText ? this.#string() : null);
      else if (OTHER_MODEL_KEYS.has(asciiLower(key))) others++;
      if (key !== 'model' || !isText) this.#value(1);
    });
    this.#space();
    if (this.#at < this.#body.length) this.#fail();
    const [model] = models;
    if (models.length > 1 || others > 0) return { kind: 'ambiguous' };
    if (model === undefined) return { kind: 'missing' };
    return model !== null && isModelName(model) ? { kind: 'model', model } : { kind: 'unusable' };
  }

  /** Calls `member` after the colon of each member; it must consume the value. */
  #object(depth: number, member: (key: string) => void): void {
    this.#enter(depth);
    this.#space();
    if (this.#take('}')) return;
    do {
      this.#space();
      if (this.#peek() !== '"') this.#fail();
      const key = this.#string();
      this.#space();
      this.#expect(':');
      this.#space();
      member(key);
      this.#space();
    } while (this.#take(','));
    this.#expect('}');
  }

  #array(depth: number): void {
    this.#enter(depth);
    this.#space();
    if (this.#take(']')) return;
    do {
      this.#space();
      this.#value(depth);
      this.#space();
    } while (this.#take(','));
    this.#expect(']');
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail();
    this.#at++;
  }

  #value(depth: number): void {
    const next = this.#peek();
    if (next === '{') {
      this.#object(depth + 1, () => {
        this.#value(depth + 1);
      });
    } else if (next === '[') this.#array(depth + 1);
    else if (next === '"') this.#string();
    else if (next === 't') this.#word('true');
    else if (next === 'f') this.#word('false');
    else if (next === 'n') this.#word('null');
    else this.#number();
  }

  #word(word: string): void {
    for (const letter of word) this.#expect(letter);
  }

  #number(): void {
    this.#take('-');
    if (!this.#take('0')) this.#digits();
    if (this.#take('.')) this.#digits();
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      this.#digits();
    }
  }

  #digits(): void {
    if (!this.#isDigit()) this.#fail();
    while (this.#isDigit()) this.#at++;
  }

  #isDigit(): boolean {
    const next = this.#peek();
    return next >= '0' && next <= '9';
  }

  #string(): string {
    this.#expect('"');
    let text = '';
    for (;;) {
      text += this.#plainRun();
      if (this.#take('"')) return text;
      if (this.#take('\\')) text += this.#escape();
      else text += this.#character();
    }
  }

  /** Bytes up to the next that is not ASCII or means something in a string. */
  #plainRun(): string {
    const start = this.#at;
    for (let byte = this.#byte(); byte >= 0x20 && byte < 0x80; byte = this.#byte()) {
      if (byte === QUOTE || byte === BACKSLASH) break;
      this.#at++;
    }
    return Buffer.from(this.#body.subarray(start, this.#at)).toString('latin1');
  }

  #escape(): string {
    const letter = this.#peek();
    if (letter !== 'u') {
      const meant = SIMPLE_ESCAPES.get(letter);
      if (meant === undefined) this.#fail();
      this.#at++;
      return meant;
    }
    this.#at++;
    let unit = 0;
    for (let digit = 0; digit < 4; digit++) {
      const value = '0123456789abcdef'.indexOf(asciiLower(this.#peek()));
      if (this.#peek() === '' || value < 0) this.#fail();
      unit = unit * 16 + value;
      this.#at++;
    }
    return String.fromCharCode(unit);
  }

  /** One character in well-formed UTF-8 (Unicode table 3-7), not a control character. */
  #character(): string {
    const first = this.#byte();
    if (first < 0x20) this.#fail();
    this.#at++;
    if (first < 0x80) return String.fromCharCode(first);
    if (first >= 0xc2 && first <= 0xdf) return this.#rest(first & 0x1f, 1, 0x80, 0xbf);
    if (first === 0xe0) return this.#rest(0, 2, 0xa0, 0xbf);
    if (first === 0xed) return this.#rest(0x0d, 2, 0x80, 0x9f);
    if (first >= 0xe1 && first <= 0xef) return this.#rest(first & 0x0f, 2, 0x80, 0xbf);
    if (first === 0xf0) return this.#rest(0, 3, 0x90, 0xbf);
    if (first >= 0xf1 && first <= 0xf3) return this.#rest(first & 0x07, 3, 0x80, 0xbf);
    if (first === 0xf4) return this.#rest(4, 3, 0x80, 0x8f);
    this.#at--;
    return this.#fail();
  }

  #rest(lead: number, count: number, low: number, high: number): string {
    let code = lead;
    for (let i = 0; i < count; i++) {
      const next = this.#byte();
      if (next < (i === 0 ? low : 0x80) || next > (i === 0 ? high : 0xbf)) this.#fail();
      code = code * 64 + (next & 0x3f);
      this.#at++;
    }
    return String.fromCodePoint(code);
  }

  #space(): void {
    while (this.#take(' ') || this.#take('\t') || this.#take('\n') || this.#take('\r'));
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail();
  }

  /** The next byte as a latin1 character; empty at the end. */
  #peek(): string {
    const byte = this.#body[this.#at];
    return byte === undefined ? '' : String.fromCharCode(byte);
  }

  #byte(): number {
    return this.#body[this.#at] ?? -1;
  }

  #fail(): never {
    throw new Malformed(this.#at + 1);
  }
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function isModelName(model: string): boolean {
  const bytes = Buffer.byteLength(model);
  return bytes > 0 && bytes <= MAX_MODEL_BYTES && !CONTROL.test(model) && !LONE_SURROGATE.test(model);
}
