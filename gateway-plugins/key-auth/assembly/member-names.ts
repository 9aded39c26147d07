// Names of JSON members, form fields, query parameters and headers that choose a model, and what else counts in a body.
// They are compared without case and underscores, as lenient readers do: Go ignores case, protobuf takes both spellings.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, lowerCase } from '../../policy/assembly/bytes';

const UNDERSCORE: u32 = 0x5f;
const MODE: u32 = 0x65646f6d;
const FALL: u32 = 0x6c6c6166;
const BAC: u32 = 0x636162;
const DEPLOYMENT = ascii('deployment');
const DEPLOYMENT_ID = ascii('deploymentid');
const ENGINE = ascii('engine');
const ROUTE = ascii('route');
const USER_CONFIG = ascii('userconfig');
const LITELLM_PARAMS = ascii('litellmparams');

/** Longest name that is looked at; what is longer is looked at as far as that. */
export const NAME_MAX: usize = 32;
const normal: usize = memory.data(64, 8);
let normalLength: usize = 0;

/** Brings a name into the form in which it is compared. */
export function normalise(name: usize, length: usize): void {
  normalLength = 0;
  const end = name + min(length, NAME_MAX);
  for (let at = name; at < end; at++) {
    let byte: u32 = load<u8>(at);
    if (byte == UNDERSCORE) continue;
    // Two letters outside ASCII that lose themselves in it when case is ignored: long s and the Kelvin sign.
    if (byte == 0xc5 && at + 1 < end && load<u8>(at + 1) == 0xbf) {
      byte = 0x73;
      at++;
    } else if (byte == 0xe2 && at + 2 < end && load<u8>(at + 1) == 0x84 && load<u8>(at + 2) == 0xaa) {
      byte = 0x6b;
      at += 2;
    }
    store<u8>(normal + normalLength++, lowerCase(byte));
  }
  // Beyond its end a name has nothing that could be taken for a part of it.
  store<u64>(normal + normalLength, 0);
}

/** Bytes of the normalised name. */
export function nameLength(): usize {
  return normalLength;
}

/** Whether the normalised name is this one, which `ascii` made. */
export function nameIs(known: usize): bool {
  const length = asciiLength(known);
  return normalLength == length && bytesEqual(normal, known, length);
}

/** Whether the normalised name speaks of models or of what to use in their place. */
export function speaksOfModels(): bool {
  const end = normal + normalLength;
  for (let at = normal; at < end; at++) {
    const word = load<u32>(at);
    if (word == MODE && load<u8>(at + 4) == 0x6c) return true;
    if (word == FALL && (load<u32>(at + 4) & 0xffffff) == BAC) return true;
  }
  return false;
}

/** Whether the normalised name, anywhere in a request, chooses what serves it. */
export function choosesModel(): bool {
  return speaksOfModels() || nameIs(ENGINE) || nameIs(DEPLOYMENT) || nameIs(DEPLOYMENT_ID);
}

/** The same for the members of a body and the fields of a form, of which some are configuration of proxies. */
export function memberChoosesModel(): bool {
  return choosesModel() || nameIs(ROUTE) || nameIs(USER_CONFIG) || nameIs(LITELLM_PARAMS);
}
