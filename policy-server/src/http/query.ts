import { type Decoded, decodeSchema, type FieldError } from '@hiclaw/resources';
import type { TSchema } from 'typebox';
import { InvalidInput } from '../store/errors.js';

interface QuerySchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
}

/** Text is all a query can hold: it becomes what the schema wants where it says exactly that, and stays text elsewhere. */
function convert(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^(0|[1-9]\d{0,15})$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** @throws InvalidInput that names each parameter that is wrong */
export function decodeQuery(schema: TSchema, query: unknown): unknown {
  const { properties = {} } = schema as QuerySchema;
  const converted = Object.entries(query as Record<string, unknown>).map(
    ([name, value]): [string, unknown] => [
      name,
      convert(Object.hasOwn(properties, name) ? properties[name]?.type : undefined, value),
    ],
  );
  return unwrap(
    decodeSchema(schema, Object.fromEntries(converted)),
    'The query is not valid; nothing was changed.',
  );
}

/** @throws InvalidInput when something was wrong */
export function unwrap<T>(decoded: Decoded<T>, detail?: string): T {
  if (decoded.ok) return decoded.value;
  throw new InvalidInput(decoded.errors, detail);
}

/** @throws InvalidInput for one field */
export function invalid(path: string, message: string): InvalidInput {
  const errors: readonly FieldError[] = [{ path, message }];
  return new InvalidInput(errors);
}
