import { byteStringToBytes, toBytes } from './bytes.js';
import { encodePairs, type Pair } from './pairs.js';
import { HeaderMap } from './header-map.js';

/**
 * A value that `proxy_get_property` can reach: text and bytes as they are, whole numbers as 8 bytes, others as
 * doubles, booleans as one byte, objects as maps, arrays as lists.
 */
export type AttributeValue =
  string | number | bigint | boolean | Uint8Array | HeaderMap | readonly AttributeValue[] | Attributes;

/** A tree of attributes by name. */
export interface Attributes {
  readonly [name: string]: AttributeValue | undefined;
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

/** One step down a path; undefined when there is nothing. */
export function attributeChild(value: AttributeValue, part: string): AttributeValue | undefined {
  if (value instanceof HeaderMap) {
    // Envoy joins several values of one header in the `headers` attributes.
    const values = value.getAll(part);
    return values.length === 0 ? undefined : byteStringToBytes(values.join(','));
  }
  if (typeof value !== 'object' || value instanceof Uint8Array) return undefined;
  if (isList(value)) return /^\d+$/.test(part) ? value[Number(part)] : undefined;
  return Object.hasOwn(value, part) ? value[part] : undefined;
}

/** The bytes that the plugin gets. */
export function serializeAttribute(value: AttributeValue): Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return toBytes(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    const out = Buffer.alloc(8);
    out.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
    return out;
  }
  if (typeof value === 'number') {
    const out = Buffer.alloc(8);
    out.writeDoubleLE(value);
    return out;
  }
  const text = (item: AttributeValue): string => Buffer.from(serializeAttribute(item)).toString('latin1');
  if (value instanceof HeaderMap) return encodePairs([...value]);
  if (isList(value)) return encodePairs(value.map((item): Pair => [text(item), '']));
  return encodePairs(
    Object.entries(value).flatMap(([name, item]): Pair[] => (item === undefined ? [] : [[name, text(item)]])),
  );
}

/** Deep merge of attribute trees: later ones win, maps join. */
export function mergeAttributes(base: Attributes, over: Attributes): Attributes {
  const merged: Record<string, AttributeValue | undefined> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const before = merged[name];
    merged[name] = isPlainMap(before) && isPlainMap(value) ? mergeAttributes(before, value) : value;
  }
  return merged;
}

function isPlainMap(value: AttributeValue | undefined): value is Attributes {
  return (
    typeof value === 'object' &&
    !(value instanceof Uint8Array) &&
    !(value instanceof HeaderMap) &&
    !isList(value)
  );
}
