/** A value of a JSON body and where it stands; members and elements in order, repeated ones repeated. */
export interface JsonNode {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';
  /** Offsets of the first byte and of the one after the last, quotes and brackets included. */
  readonly start: number;
  readonly end: number;
  /** Of a string, after escapes are decoded; of a number, as it is written. */
  readonly text: string;
  readonly members: readonly JsonMember[];
  readonly elements: readonly JsonNode[];
}

export interface JsonMember {
  readonly key: string;
  readonly value: JsonNode;
}

const MAX_DEPTH = 128;
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

/** `at`: number of bytes after which it is clear that the body is malformed. */
export class Malformed extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`malformed at byte ${at}`);
    this.at = at;
  }
}

/**
 * Reads a body as one strict JSON object: RFC 8259, UTF-8, at most 128 levels.
 *
 * @throws Malformed
 */
export function readJsonObject(body: Uint8Array): JsonNode {
  return new Reader(body).document();
}

class Reader {
  readonly #body: Uint8Array;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  document(): JsonNode {
    this.#space();
    if (this.#peek() !== '{') this.#fail();
    const object = this.#value(0);
    this.#space();
    if (this.#at < this.#body.length) this.#fail();
    return object;
  }

  #object(depth: number): JsonMember[] {
    const members: JsonMember[] = [];
    this.#enter(depth);
    this.#space();
    if (this.#take('}')) return members;
    do {
      this.#space();
      if (this.#peek() !== '"') this.#fail();
      const key = this.#string();
      this.#space();
      this.#expect(':');
      this.#space();
      members.push({ key, value: this.#value(depth) });
      this.#space();
    } while (this.#take(','));
    this.#expect('}');
    return members;
  }

  #array(depth: number): JsonNode[] {
    const elements: JsonNode[] = [];
    this.#enter(depth);
    this.#space();
    if (this.#take(']')) return elements;
    do {
      this.#space();
      elements.push(this.#value(depth));
      this.#space();
    } while (this.#take(','));
    this.#expect(']');
    return elements;
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail();
    this.#at++;
  }

  /** A value within `depth` levels of objects and arrays. */
  #value(depth: number): JsonNode {
    const start = this.#at;
    const node = (parts: Pick<JsonNode, 'kind'> & Partial<JsonNode>): JsonNode => ({
      text: '',
      members: [],
      elements: [],
      ...parts,
      start,
      end: this.#at,
    });
    const next = this.#peek();
    if (next === '{') return node({ kind: 'object', members: this.#object(depth + 1) });
    if (next === '[') return node({ kind: 'array', elements: this.#array(depth + 1) });
    if (next === '"') return node({ kind: 'string', text: this.#string() });
    for (const kind of ['true', 'false', 'null'] as const) {
      if (next !== kind.charAt(0)) continue;
      for (const letter of kind) this.#expect(letter);
      return node({ kind });
    }
    this.#number();
    return node({
      kind: 'number',
      text: Buffer.from(this.#body.subarray(start, this.#at)).toString('latin1'),
    });
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
