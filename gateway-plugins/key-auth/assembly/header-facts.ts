// Reads the serialized request headers once: u32 count, count times (u32 name length, u32 value length), then each
// name and value followed by a zero byte.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, equalsIgnoringCase, findByte } from '../../policy/assembly/bytes';
import { clearFacts, facts } from './facts';
import { isIdentityHeader } from './identity-header';
import { containsTokenPrefix } from './token';

const PATH = ascii(':path');
const METHOD = ascii(':method');
const UPGRADE = ascii('upgrade');
const API_KEY = ascii('x-api-key');
/** Azure's and Google's SDKs have a header of their own for the same. */
const AZURE_API_KEY = ascii('api-key');
const GOOGLE_API_KEY = ascii('x-goog-api-key');
const CONTENT_TYPE = ascii('content-type');
const AUTHORIZATION = ascii('authorization');
const CONTENT_LENGTH = ascii('content-length');
const CONTENT_ENCODING = ascii('content-encoding');
const ANTHROPIC_VERSION = ascii('anthropic-version');
const IDENTITY = ascii('identity');
const HUGE: u64 = 0xffffffffffffffff;

function is(name: usize, known: usize): bool {
  return bytesEqual(name, known, asciiLength(known));
}

/** The largest number a content-length can mean; anything that is no number counts as none, as Envoy refuses it. */
function decimal(text: usize, length: usize): u64 {
  if (length == 0) return 0;
  let value: u64 = 0;
  for (let i: usize = 0; i < length; i++) {
    const digit = <u64>load<u8>(text + i) - 0x30;
    if (digit > 9) return 0;
    value = value > (HUGE - 9) / 10 ? HUGE : value * 10 + digit;
  }
  return value;
}

function takePath(value: usize, length: usize): void {
  facts.path = value;
  const end = value + length;
  const mark = findByte(value, end, 0x3f);
  facts.pathLength = mark - value;
  facts.query = min(mark + 1, end);
  facts.queryLength = end - facts.query;
}

/** A header that may hold the token, and so is not looked at for one that is out of place. */
function takeApiKey(value: usize, length: usize): bool {
  facts.apiKey = value;
  facts.apiKeyLength = length;
  facts.apiKeyCount++;
  return false;
}

/** Takes a header that decisions rest on; false when it is one that may hold the token. */
function takeHeader(name: usize, nameLength: usize, value: usize, length: usize): bool {
  switch (<u32>nameLength) {
    case 5:
      if (is(name, PATH)) takePath(value, length);
      break;
    case 7:
      if (is(name, METHOD)) {
        facts.method = value;
        facts.methodLength = length;
      } else if (is(name, UPGRADE)) {
        facts.hasUpgrade = true;
      } else if (is(name, AZURE_API_KEY)) {
        return takeApiKey(value, length);
      }
      break;
    case 9:
      if (is(name, API_KEY)) return takeApiKey(value, length);
      break;
    case 12:
      if (!is(name, CONTENT_TYPE)) break;
      facts.contentType = value;
      facts.contentTypeLength = length;
      facts.contentTypeCount++;
      break;
    case 13:
      if (!is(name, AUTHORIZATION)) break;
      facts.authorization = value;
      facts.authorizationLength = length;
      facts.authorizationCount++;
      return false;
    case 14:
      if (is(name, CONTENT_LENGTH)) facts.contentLength = max(facts.contentLength, decimal(value, length));
      else if (is(name, GOOGLE_API_KEY)) return takeApiKey(value, length);
      break;
    case 16:
      if (is(name, CONTENT_ENCODING) && (length != 8 || !equalsIgnoringCase(value, IDENTITY, 8))) {
        facts.isEncoded = true;
      }
      break;
    case 17:
      if (is(name, ANTHROPIC_VERSION)) facts.isAnthropic = true;
      break;
    default:
  }
  return true;
}

/** Fills `facts`; false when the list is not as long as it says. */
export function readFacts(pairs: usize, size: usize): bool {
  clearFacts();
  if (size < 4) return false;
  facts.pairs = pairs;
  const count: usize = load<u32>(pairs);
  const end = pairs + size;
  let lengths = pairs + 4;
  let data = lengths + (count << 3);
  if (count > size >> 3 || data > end) return false;
  for (let i: usize = 0; i < count; i++, lengths += 8) {
    const nameLength: usize = load<u32>(lengths);
    const length: usize = load<u32>(lengths + 4);
    const name = data;
    const value = name + nameLength + 1;
    data = value + length + 1;
    if (data > end) return false;
    const open = takeHeader(name, nameLength, value, length);
    if (open && containsTokenPrefix(value, length)) facts.tokenElsewhere = true;
    if (isIdentityHeader(name, nameLength)) facts.identityHeaders++;
  }
  return true;
}
