/** One thing wrong with an input: where, and what to do about it. Never repeats a secret. */
export interface FieldError {
  /** Such as `spec.targets[0].provider`; empty for the input as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Result of a decode function: the value, or everything that is wrong. */
export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

const MAX_ERRORS = 50;
const SHOWN_NAME_LENGTH = 64;

/** Collects errors, at most fifty: hostile input must not make long answers. */
export class FieldErrors {
  readonly #errors: FieldError[] = [];
  #dropped = false;

  add(path: string, message: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ path, message });
    else this.#dropped = true;
  }

  get empty(): boolean {
    return this.#errors.length === 0;
  }

  get full(): boolean {
    return this.#errors.length >= MAX_ERRORS;
  }

  /** Whether something is wrong at this path or below it. */
  has(path: string): boolean {
    return this.#errors.some(
      (error) =>
        error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`),
    );
  }

  list(): readonly FieldError[] {
    const more = { path: '', message: 'there are more errors; correct these first' };
    return this.#dropped ? [...this.#errors, more] : [...this.#errors];
  }

  result<T>(value: T): Decoded<T> {
    return this.empty ? { ok: true, value } : { ok: false, errors: this.list() };
  }
}

/** A name as it may be shown in a message: quoted, escaped, cut. */
export function showName(name: string): string {
  const cut = name.length > SHOWN_NAME_LENGTH ? `${name.slice(0, SHOWN_NAME_LENGTH)}…` : name;
  return JSON.stringify(cut);
}

/** The path of a field below `path`: `a.b`, or `a["b/c"]` for names that are no identifiers. */
export function fieldPath(path: string, name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= SHOWN_NAME_LENGTH) {
    return path === '' ? name : `${path}.${name}`;
  }
  return `${path}[${showName(name)}]`;
}
