import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';
import {
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_PATCH,
  METHOD_POST,
  METHOD_PUT,
} from '../../../packages/policy-image/src/layout';

const GET = ascii('GET');
const HEAD = ascii('HEAD');
const POST = ascii('POST');
const PUT = ascii('PUT');
const PATCH = ascii('PATCH');
const DELETE = ascii('DELETE');
const OPTIONS = ascii('OPTIONS');

function is(method: usize, length: usize, name: usize): bool {
  return asciiLength(name) == length && bytesEqual(method, name, length);
}

/** The METHOD_* bit of a method, or 0 for one that no rule can name. */
export function methodBit(method: usize, length: usize): u32 {
  if (is(method, length, POST)) return METHOD_POST;
  if (is(method, length, GET)) return METHOD_GET;
  if (is(method, length, DELETE)) return METHOD_DELETE;
  if (is(method, length, PUT)) return METHOD_PUT;
  if (is(method, length, PATCH)) return METHOD_PATCH;
  if (is(method, length, HEAD)) return METHOD_HEAD;
  if (is(method, length, OPTIONS)) return METHOD_OPTIONS;
  return 0;
}
