import { Type } from 'typebox';
import type { Parsed } from './host.js';
import { formatted } from './schema-parts.js';

const DECIMAL = /^(0|[1-9]\d{0,8})(?:\.(\d{1,6}))?$/;

/** Reads an amount of US dollars, such as `2.50`: at most six decimals, so that sums stay exact. */
export function parseUsd(text: string): Parsed<string> {
  const match = DECIMAL.exec(text);
  if (match === null) {
    return { problem: 'must be an amount of US dollars such as "2.50", with at most six decimals' };
  }
  const [, whole = '', decimals = ''] = match;
  const kept = decimals.replace(/0+$/, '');
  return { value: kept === '' ? whole : `${whole}.${kept}` };
}

/**
 * An amount as clients write it, `2.5` or `"2.50"`; `readUsd` gives its stored form.
 * Branches are told apart by type; a whole number is another type than a broken one.
 */
export function usdAmount(description: string) {
  return Type.Union([formatted('usd', { maxLength: 16 }), Type.Number(), Type.Integer()], { description });
}

/** The same of a number, which is read from its shortest text: what was typed, not its nearest fraction of two. */
export function readUsd(value: string | number): Parsed<string> {
  return parseUsd(String(value));
}

/** An amount that `parseUsd` accepted, in millionths of a dollar; as a price per million tokens: in pico-USD per token. */
export function microUsd(text: string): bigint {
  const [whole = '', decimals = ''] = text.split('.');
  return BigInt(whole + decimals.padEnd(6, '0'));
}
