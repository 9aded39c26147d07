import type { BodyCall, PathModel } from './call.js';
import { Malformed } from './json-tree.js';
import { memberChoosesModel, normalName } from './member-names.js';

const MAX_LINE_BYTES = 512;
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/s;
const PARAMETER = /^;[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]*)=(?:"([^"]*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z]+))[ \t]*/;
const FIELD_NAME = /^[-A-Za-z0-9_.[\]]{1,64}$/;
const PLAIN_TYPE = /^text\/plain(;charset=utf-8)?$/i;

interface Part {
  readonly name: string;
  readonly isFile: boolean;
  readonly isTyped: boolean;
  /** Where the content starts, and what it is. */
  readonly offset: number;
  readonly content: Buffer;
}

interface PartHead {
  readonly name: string;
  readonly isFile: boolean;
  readonly isTyped: boolean;
  readonly length: number | null;
}

/**
 * What a multipart/form-data body says about the call.
 *
 * @throws Malformed when it cannot be taken apart in one way only; `at` is Infinity when it is merely cut short
 */
export function callOfForm(body: Uint8Array, boundary: string, pathModel: PathModel | null): BodyCall {
  const parts = new FormReader(Buffer.from(body), boundary).parts();
  const models = parts.filter(({ name }) => name === 'model');
  const others = parts
    .map(({ name }) => normalName(name))
    .filter((_, index) => parts[index]?.name !== 'model');
  const [first] = models;
  const text = first === undefined ? null : decodeUtf8(first.content);
  const contradicts =
    pathModel !== null && models.some(({ content }) => content.toString('latin1') !== pathModel.name);
  const isUnusable = text === null || /^ | $/.test(text);
  return {
    isAmbiguous:
      models.length > 1 ||
      contradicts ||
      models.some(({ isFile, isTyped }) => isFile || isTyped) ||
      others.some((name) => memberChoosesModel(name) || name === 'extrabody'),
    isUnusable: pathModel === null && first !== undefined && isUnusable,
    model: pathModel?.name ?? (first === undefined ? null : (text ?? '')),
    namesStored: false,
    namesStoredResponse: false,
    isStream: parts.some(
      ({ name, content }) => normalName(name) === 'stream' && /^(true|1)$/i.test(content.toString('latin1')),
    ),
    asksUsage: false,
    maxTokens: 0,
    choices: 0,
    place: first === undefined ? null : { offset: first.offset, length: first.content.length },
    usage: null,
  };
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

class FormReader {
  readonly #body: Buffer;
  readonly #delimiter: Buffer;
  #at = 0;

  constructor(body: Buffer, boundary: string) {
    this.#body = body;
    this.#delimiter = Buffer.from(`--${boundary}`, 'latin1');
  }

  parts(): readonly Part[] {
    const parts: Part[] = [];
    for (const byte of this.#delimiter) this.#expect(byte);
    while (!this.#takeDash()) {
      this.#lineEnd();
      parts.push(this.#part());
    }
    this.#expect(0x2d);
    if (this.#at === this.#body.length) return parts;
    this.#expect(0x0d);
    // A lone CR at the end is a line end cut short.
    this.#expect(0x0a);
    if (this.#at < this.#body.length) throw new Malformed(this.#at + 1);
    return parts;
  }

  #expect(byte: number): void {
    const next = this.#body[this.#at];
    if (next === undefined) throw new Malformed(Infinity);
    this.#at++;
    if (next !== byte) throw new Malformed(this.#at);
  }

  #takeDash(): boolean {
    const isDash = this.#body[this.#at] === 0x2d;
    if (isDash) this.#at++;
    return isDash;
  }

  #lineEnd(): void {
    this.#expect(0x0d);
    this.#expect(0x0a);
  }

  #part(): Part {
    const { length, ...head } = this.#head();
    const offset = this.#at;
    const found = this.#body.indexOf(this.#delimiter, offset);
    if (found < 0) throw new Malformed(Infinity);
    this.#at = found + this.#delimiter.length;
    const end = found - 2;
    const startsLine = end >= offset && this.#body[end] === 0x0d && this.#body[end + 1] === 0x0a;
    if (!startsLine || (length !== null && length !== end - offset)) throw new Malformed(this.#at);
    return { ...head, offset, content: this.#body.subarray(offset, end) };
  }

  #head(): PartHead {
    const headers = new Map<string, string>();
    for (let line = this.#line(); line !== ''; line = this.#line()) {
      const [, name = '', value = ''] = HEADER_LINE.exec(line) ?? [];
      const key = name.toLowerCase();
      const isKnown = key.startsWith('content-');
      if (name === '' || (isKnown && headers.has(key) && KNOWN.has(key))) throw new Malformed(this.#at);
      if (!headerIsFine(key, value)) throw new Malformed(this.#at);
      headers.set(key, value);
    }
    const disposition = headers.get('content-disposition');
    if (disposition === undefined) throw new Malformed(this.#at);
    const parameters = parametersOf(disposition) ?? new Map<string, string>();
    const type = headers.get('content-type');
    const length = headers.get('content-length');
    return {
      name: parameters.get('name') ?? '',
      isFile: parameters.has('filename') || parameters.has('filename*'),
      isTyped: type !== undefined && !PLAIN_TYPE.test(type.replace(/[ \t"]/g, '')),
      length: length === undefined ? null : Number(length),
    };
  }

  /** The next header line, without its end. */
  #line(): string {
    const start = this.#at;
    for (;;) {
      const byte = this.#body[this.#at];
      if (byte === undefined) throw new Malformed(Infinity);
      if (byte === 0x0d) break;
      this.#at++;
      const length = this.#at - start;
      const isControl = byte === 0x7f || (byte < 0x20 && byte !== 0x09);
      if (isControl || length > MAX_LINE_BYTES || (length === 1 && (byte === 0x20 || byte === 0x09))) {
        throw new Malformed(this.#at);
      }
    }
    const line = this.#body.toString('latin1', start, this.#at);
    this.#lineEnd();
    return line;
  }
}

const KNOWN = new Set(['content-disposition', 'content-type', 'content-transfer-encoding', 'content-length']);

function headerIsFine(name: string, value: string): boolean {
  switch (name) {
    case 'content-disposition': {
      const field = parametersOf(value)?.get('name');
      return field !== undefined && FIELD_NAME.test(field) && field.toLowerCase() !== '_charset_';
    }
    case 'content-type':
      return !/^(multipart|message)\//i.test(value);
    case 'content-transfer-encoding':
      return /^(7bit|8bit|binary)$/i.test(value);
    case 'content-length':
      return /^[0-9]{1,9}$/.test(value);
    default:
      return true;
  }
}

/** Parameters of a `form-data` disposition by their names in lower case; null when two readers might see others. */
function parametersOf(disposition: string): ReadonlyMap<string, string> | null {
  const [type = ''] = /^form-data[ \t]*/i.exec(disposition) ?? [];
  let rest = disposition.slice(type.length);
  const parameters = new Map<string, string>();
  while (type !== '' && rest !== '') {
    const [whole = '', name = '', quoted, token] = PARAMETER.exec(rest) ?? [];
    const key = name.toLowerCase();
    if (whole === '' || parameters.has(key) || !['name', 'filename', 'filename*'].includes(key)) return null;
    if (quoted?.endsWith('\\') === true) return null;
    parameters.set(key, quoted ?? token ?? '');
    rest = rest.slice(whole.length);
  }
  return parameters.has('name') ? parameters : null;
}
