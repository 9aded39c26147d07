import type { Static, TSchema } from 'typebox';
import { type Decoded, FieldErrors, fieldPath, showName } from './field-errors.js';
import { FORMATS, type FormatName } from './formats.js';
import { suggest } from './suggestion.js';

/** The part of JSON Schema that our schemas use; anything else in a schema is a programming error. */
interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly maxProperties?: number;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: FormatName;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly SchemaNode[];
  readonly default?: unknown;
  readonly [REFUSED_FIELDS]?: Readonly<Record<string, string>>;
}

/** In an object schema: fields that have a meaning elsewhere and are refused here, with the reason. */
export const REFUSED_FIELDS: unique symbol = Symbol('refused fields');

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const ARTICLES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  boolean: 'true or false',
  null: 'null',
  number: 'a number',
};

function article(type: string): string {
  return ARTICLES[type] ?? type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The element schema of a list of strings must not repeat one; lists of objects are compared by their decoder. */
function findRepeated(values: readonly unknown[], path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  values.forEach((value, index) => {
    if (typeof value !== 'string') return;
    if (seen.has(value)) errors.add(`${path}[${index}]`, `${showName(value)} is listed twice`);
    seen.add(value);
  });
}

function decodeString(node: SchemaNode, value: string, path: string, errors: FieldErrors): string {
  if (node.const !== undefined && value !== node.const) {
    errors.add(path, `must be ${JSON.stringify(node.const)}`);
    return value;
  }
  if (node.enum !== undefined && !node.enum.includes(value)) {
    const guess = suggest(value, node.enum);
    const hint = guess === null ? '' : `; did you mean "${guess}"?`;
    errors.add(path, `must be one of ${node.enum.map((word) => `"${word}"`).join(', ')}${hint}`);
    return value;
  }
  if (value.length < (node.minLength ?? 0)) {
    errors.add(
      path,
      node.minLength === 1 ? 'must not be empty' : `must have at least ${node.minLength} characters`,
    );
    return value;
  }
  if (node.maxLength !== undefined && value.length > node.maxLength) {
    errors.add(path, `must have at most ${node.maxLength} characters`);
    return value;
  }
  if (node.format === undefined) return value;
  const parsed = FORMATS[node.format](value);
  if (parsed.problem === undefined) return parsed.value;
  errors.add(path, parsed.problem);
  return value;
}

function decodeInteger(node: SchemaNode, value: number, path: string, errors: FieldErrors): number {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = node;
  if (value < minimum || value > maximum) errors.add(path, `must be from ${minimum} to ${maximum}`);
  return value;
}

function decodeArray(
  node: SchemaNode,
  value: readonly unknown[],
  path: string,
  errors: FieldErrors,
): unknown[] {
  if (value.length < (node.minItems ?? 0)) {
    errors.add(path, node.minItems === 1 ? 'must list at least one' : `must list at least ${node.minItems}`);
  }
  if (node.maxItems !== undefined && value.length > node.maxItems) {
    errors.add(path, `must list at most ${node.maxItems}`);
    return [];
  }
  const items = node.items ?? {};
  const decoded: unknown[] = [];
  for (let index = 0; index < value.length && !errors.full; index++) {
    decoded.push(decodeNode(items, value[index], `${path}[${index}]`, errors));
  }
  findRepeated(decoded, path, errors);
  return decoded;
}

function unknownField(node: SchemaNode, name: string, known: readonly string[]): string {
  const reasons = node[REFUSED_FIELDS];
  if (reasons !== undefined && Object.hasOwn(reasons, name)) return reasons[name] ?? '';
  const guess = suggest(name, known);
  if (guess !== null) return `unknown field; did you mean "${guess}"?`;
  return known.length === 0
    ? 'unknown field; none is known here'
    : `unknown field; known are ${known.join(', ')}`;
}

function decodeObject(
  node: SchemaNode,
  value: Record<string, unknown>,
  path: string,
  errors: FieldErrors,
): unknown {
  const properties = node.properties ?? {};
  const known = Object.keys(properties);
  const decoded: [string, unknown][] = [];
  const extra = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  if (node.maxProperties !== undefined && extra.length > node.maxProperties) {
    errors.add(path, `must have at most ${node.maxProperties} entries`);
    return {};
  }
  for (const name of extra) {
    const at = fieldPath(path, name);
    if (errors.full) break;
    if (typeof node.additionalProperties !== 'object') {
      errors.add(at, unknownField(node, name, known));
      continue;
    }
    if (node.propertyNames !== undefined) decodeString(node.propertyNames, name, at, errors);
    decoded.push([name, decodeNode(node.additionalProperties, value[name], at, errors)]);
  }
  for (const name of known) {
    const property = properties[name] ?? {};
    const at = fieldPath(path, name);
    if (Object.hasOwn(value, name)) decoded.push([name, decodeNode(property, value[name], at, errors)]);
    else if (property.default !== undefined)
      decoded.push([name, decodeNode(property, property.default, at, errors)]);
    else if (node.required?.includes(name) === true) errors.add(at, 'is required');
  }
  // Unlike assignment, fromEntries cannot reach a prototype, whatever the names are.
  return Object.fromEntries(decoded);
}

/** Branches of a union are told apart by type alone. */
function decodeUnion(
  branches: readonly SchemaNode[],
  value: unknown,
  path: string,
  errors: FieldErrors,
): unknown {
  const found = typeName(value);
  const branch = branches.find((candidate) => candidate.type === found);
  if (branch !== undefined) return decodeNode(branch, value, path, errors);
  const wanted = branches.map((candidate) => article(candidate.type ?? 'any')).join(' or ');
  errors.add(path, `must be ${wanted}, not ${article(found)}`);
  return value;
}

function decodeNode(node: SchemaNode, value: unknown, path: string, errors: FieldErrors): unknown {
  if (node.anyOf !== undefined) return decodeUnion(node.anyOf, value, path, errors);
  if (node.type === undefined) return value;
  const found = typeName(value);
  if (found !== node.type) {
    errors.add(path, `must be ${article(node.type)}, not ${article(found)}`);
    return value;
  }
  if (typeof value === 'string') return decodeString(node, value, path, errors);
  if (typeof value === 'number') return decodeInteger(node, value, path, errors);
  if (Array.isArray(value)) return decodeArray(node, value, path, errors);
  if (isObject(value)) return decodeObject(node, value, path, errors);
  return value;
}

/**
 * Checks an input of any origin against a closed schema and gives a fresh value with defaults filled in and texts in
 * canonical form, or all that is wrong. Nothing is coerced, nothing unknown is dropped.
 */
export function decodeSchema<T extends TSchema>(schema: T, input: unknown, path = ''): Decoded<Static<T>> {
  const errors = new FieldErrors();
  const value = decodeNode(schema, input, path, errors) as Static<T>;
  return errors.result(value);
}
