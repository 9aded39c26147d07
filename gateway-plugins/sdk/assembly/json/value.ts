import { Parser } from './parser';
import { quote } from './quote';

/** JSON values, with the names that users of assemblyscript-json know. Objects and lists are trees of these. */
export namespace JSON {
  /** Base of all values. */
  export abstract class Value {
    get isNull(): bool {
      return this instanceof Null;
    }
    get isBool(): bool {
      return this instanceof Bool;
    }
    get isInteger(): bool {
      return this instanceof Integer;
    }
    get isFloat(): bool {
      return this instanceof Float;
    }
    get isNum(): bool {
      return this instanceof Integer || this instanceof Float;
    }
    get isString(): bool {
      return this instanceof Str;
    }
    get isArr(): bool {
      return this instanceof Arr;
    }
    get isObj(): bool {
      return this instanceof Obj;
    }

    /** The value as JSON text without spaces. */
    abstract stringify(): string;

    /** The text of a string, JSON text of anything else. */
    toString(): string {
      return this.stringify();
    }
  }

  export class Null extends Value {
    stringify(): string {
      return 'null';
    }
    valueOf(): Null {
      return this;
    }
  }

  export class Bool extends Value {
    constructor(public _bool: bool) {
      super();
    }
    valueOf(): bool {
      return this._bool;
    }
    stringify(): string {
      return this._bool ? 'true' : 'false';
    }
  }

  /** A number without fraction and exponent that fits in 64 bits. */
  export class Integer extends Value {
    constructor(public _num: i64) {
      super();
    }
    valueOf(): i64 {
      return this._num;
    }
    stringify(): string {
      return this._num.toString();
    }
  }

  /** Any other number. */
  export class Float extends Value {
    constructor(public _num: f64) {
      super();
    }
    valueOf(): f64 {
      return this._num;
    }
    stringify(): string {
      return this._num.toString();
    }
  }

  export class Str extends Value {
    constructor(public _str: string) {
      super();
    }
    valueOf(): string {
      return this._str;
    }
    toString(): string {
      return this._str;
    }
    stringify(): string {
      return quote(this._str);
    }
  }

  export class Arr extends Value {
    _arr: Array<Value> = new Array<Value>();

    push(value: Value): void {
      this._arr.push(value);
    }
    get length(): i32 {
      return this._arr.length;
    }
    valueOf(): Array<Value> {
      return this._arr;
    }
    stringify(): string {
      const parts = new Array<string>(this._arr.length);
      for (let i = 0; i < this._arr.length; i++) parts[i] = this._arr[i].stringify();
      return '[' + parts.join(',') + ']';
    }
  }

  export class Obj extends Value {
    _obj: Map<string, Value> = new Map<string, Value>();

    /** The names in their order. */
    get keys(): Array<string> {
      return this._obj.keys();
    }
    has(key: string): bool {
      return this._obj.has(key);
    }
    set(key: string, value: Value): void {
      this._obj.set(key, value);
    }
    delete(key: string): void {
      this._obj.delete(key);
    }

    /** The member, or null when there is none. */
    get(key: string): Value | null {
      return this._obj.has(key) ? this._obj.get(key) : null;
    }
    getValue(key: string): Value | null {
      return this.get(key);
    }

    /** The member when it is a string, else null. So with the others. */
    getString(key: string): Str | null {
      const value = this.get(key);
      return value != null && value instanceof Str ? <Str>value : null;
    }
    getInteger(key: string): Integer | null {
      const value = this.get(key);
      return value != null && value instanceof Integer ? <Integer>value : null;
    }
    /** The member when it is a number of any kind. */
    getNum(key: string): Float | null {
      const value = this.get(key);
      if (value == null) return null;
      if (value instanceof Integer) return new Float(<f64>(<Integer>value)._num);
      return value instanceof Float ? <Float>value : null;
    }
    getFloat(key: string): Float | null {
      const value = this.get(key);
      return value != null && value instanceof Float ? <Float>value : null;
    }
    getBool(key: string): Bool | null {
      const value = this.get(key);
      return value != null && value instanceof Bool ? <Bool>value : null;
    }
    getArr(key: string): Arr | null {
      const value = this.get(key);
      return value != null && value instanceof Arr ? <Arr>value : null;
    }
    getObj(key: string): Obj | null {
      const value = this.get(key);
      return value != null && value instanceof Obj ? <Obj>value : null;
    }

    valueOf(): Map<string, Value> {
      return this._obj;
    }
    stringify(): string {
      const keys = this._obj.keys();
      const parts = new Array<string>(keys.length);
      for (let i = 0; i < keys.length; i++) {
        parts[i] = quote(keys[i]) + ':' + this._obj.get(keys[i]).stringify();
      }
      return '{' + parts.join(',') + '}';
    }
  }

  /** Parses UTF-8 bytes; null when they are not exactly one JSON value. See parseJson() for the reason. */
  export function tryParse(bytes: ArrayBuffer): Value | null {
    return new Parser(bytes).parse();
  }

  /** Parses text and traps when it is not JSON: for text of your own. For input use tryParse() or parseJson(). */
  export function parse(text: string): Value {
    const parser = new Parser(String.UTF8.encode(text));
    const value = parser.parse();
    if (value == null) throw new Error(parser.problem);
    return value;
  }
}
