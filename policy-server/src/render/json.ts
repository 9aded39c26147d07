/** A rendered Envoy message: field names as in the protos, `@type` where a `google.protobuf.Any` is meant. */
export interface EnvoyMessage {
  readonly [field: string]: EnvoyValue;
}

export type EnvoyValue = string | number | boolean | Uint8Array | EnvoyMessage | readonly EnvoyValue[];

const PREFIX = 'type.googleapis.com/';

/** The `@type` of a message. */
export function typeUrl(name: string): string {
  return PREFIX + name;
}

/** A message to be carried in a `google.protobuf.Any`. */
export function any(name: string, fields: EnvoyMessage = {}): EnvoyMessage {
  return { '@type': typeUrl(name), ...fields };
}

/** A `google.protobuf.Duration`. */
export function seconds(value: number): EnvoyMessage {
  const whole = Math.trunc(value);
  const nanos = Math.round((value - whole) * 1e9);
  return nanos === 0 ? { seconds: whole } : { seconds: whole, nanos };
}

/** Wrapped scalars (`google.protobuf.UInt32Value`, `BoolValue`), which tell "absent" from "zero". */
export function wrapped(value: number | boolean): EnvoyMessage {
  return { value };
}

/** A `google.protobuf.Struct` of texts. */
export function textStruct(texts: Readonly<Record<string, string>>): EnvoyMessage {
  const entries = Object.entries(texts).map(([name, text]) => [name, { stringValue: text }] as const);
  return { fields: Object.fromEntries(entries) };
}
