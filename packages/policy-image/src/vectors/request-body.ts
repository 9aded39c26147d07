import { gzipSync } from 'node:zlib';
import { fail, fieldsOf, listOf, numberOf, textOf, type Fields } from './decode.js';
import { byteText, bytesOfHex, withTokens } from './request-text.js';

const FORMS = ['json', 'text', 'hex', 'utf16le', 'utf16be', 'gzip', 'repeat', 'times', 'parts'];

/** The bytes that a body in a vector describes; see the README of the test data. */
export function decodeBody(value: unknown, where: string): Buffer {
  const fields = fieldsOf(value, where, FORMS);
  const [form] = FORMS.filter((name) => name in fields);
  switch (form) {
    case 'json':
      return Buffer.from(withTokens(JSON.stringify(fields['json']), where), 'utf8');
    case 'text':
      return Buffer.from(withTokens(textOf(fields['text'], where), where), 'utf8');
    case 'hex':
      return bytesOfHex(fields['hex'], where);
    case 'utf16le':
      return Buffer.from(textOf(fields['utf16le'], where), 'utf16le');
    case 'utf16be':
      return Buffer.from(textOf(fields['utf16be'], where), 'utf16le').swap16();
    case 'gzip':
      return gzipSync(textOf(fields['gzip'], where));
    case 'repeat':
      return repeated(fields, where);
    case 'parts':
      return Buffer.concat(listOf(fields['parts'], `${where}.parts`, decodeBody));
    default:
      return fail(where, `needs one of ${FORMS.join(', ')}`);
  }
}

function repeated(fields: Fields, where: string): Buffer {
  const piece = Buffer.from(byteText(fields['repeat'], `${where}.repeat`), 'latin1');
  return Buffer.alloc(numberOf(fields['times'], `${where}.times`) * piece.length, piece);
}

/** The body in pieces: of `split` bytes each, or each size once and then the rest, or in one piece. */
export function inPieces(
  body: Uint8Array,
  split: number | readonly number[] | undefined,
): readonly Uint8Array[] {
  if (body.length === 0) return [];
  const pieces: Uint8Array[] = [];
  let at = 0;
  const take = (bytes: number): void => {
    pieces.push(body.subarray(at, at + bytes));
    at += bytes;
  };
  if (typeof split === 'number') while (at < body.length) take(split);
  for (const bytes of typeof split === 'object' ? split : []) take(bytes);
  if (at < body.length) take(body.length - at);
  return pieces;
}
