import { fieldsOf, flagOf, listOf, numberOf, textOf } from './decode.js';
import { withTokens } from './request-text.js';

/** Bytes that no HTTP library would send, and how Envoy must respond: such requests never reach a plugin. */
export interface WireVector {
  readonly name: string;
  readonly why: string;
  /** One TCP connection's worth of HTTP/1.1. */
  readonly bytes: Buffer;
  /** Status codes, any of which is right for the first response. */
  readonly statuses: readonly number[];
  /** Whether closing the connection without a response is right, too. */
  readonly mayClose: boolean;
}

export function decodeWireVector(value: unknown, where: string): WireVector {
  const fields = fieldsOf(value, where, ['name', 'why', 'lines', 'body', 'statuses', 'mayClose']);
  const head = listOf(fields['lines'], `${where}.lines`, textOf).map((line) => `${line}\r\n`);
  const body = fields['body'] === undefined ? '' : textOf(fields['body'], `${where}.body`);
  return {
    name: textOf(fields['name'], `${where}.name`),
    why: textOf(fields['why'], `${where}.why`),
    bytes: Buffer.from(withTokens(`${head.join('')}\r\n${body}`, where), 'latin1'),
    statuses: listOf(fields['statuses'], `${where}.statuses`, numberOf),
    mayClose: flagOf(fields['mayClose'], `${where}.mayClose`),
  };
}
