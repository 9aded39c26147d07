/** Decoding of test data: every field is looked at, and an unknown one is an error that says where it is. */

export type Fields = Readonly<Record<string, unknown>>;

class TestdataError extends Error {
  override readonly name = 'TestdataError';
}

export function fail(where: string, problem: string): never {
  throw new TestdataError(`${where}: ${problem}`);
}

export function fieldsOf(value: unknown, where: string, allowed: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'is not an object');
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) fail(where, `has the unknown field "${unknown}"`);
  return value as Fields;
}

export function recordOf(value: unknown, where: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'is not an object');
  return new Map(Object.entries(value));
}

export function listOf<T>(
  value: unknown,
  where: string,
  item: (value: unknown, where: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) fail(where, 'is not a list');
  return value.map((entry: unknown, index) => item(entry, `${where}[${index}]`));
}

export function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') fail(where, 'is not a text');
  return value;
}

export function numberOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) fail(where, 'is not an integer');
  return value;
}

export function flagOf(value: unknown, where: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') fail(where, 'is not true or false');
  return value;
}

export function oneOf<T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) fail(where, `is none of ${allowed.join(', ')}`);
  return found;
}

export function optional<T>(value: unknown, decode: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : decode(value);
}
