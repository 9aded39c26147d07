// Models that are named beside path and body: in the query or in a header. No endpoint that is served takes one there, but
// an upstream might, so a request that does so is refused.

import { findByte } from '../../policy/assembly/bytes';
import { facts } from './facts';
import { choosesModel, NAME_MAX, normalise } from './member-names';

const AMPERSAND: u32 = 0x26;
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const PERCENT: u32 = 0x25;

const name: usize = memory.data(32, 8);

function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0x100;
}

/** Whether the name of a query parameter, decoded, chooses a model. */
function parameterChooses(from: usize, to: usize): bool {
  let length: usize = 0;
  for (let at = from; at < to && length < NAME_MAX; at++) {
    let byte: u32 = load<u8>(at);
    if (byte == PERCENT && at + 2 < to) {
      const decoded = (hexValue(load<u8>(at + 1)) << 4) | hexValue(load<u8>(at + 2));
      if (decoded < 0x100) {
        byte = decoded;
        at += 2;
      }
    }
    store<u8>(name + length++, byte);
  }
  normalise(name, length);
  return choosesModel();
}

function queryNamesModel(): bool {
  const end = facts.query + facts.queryLength;
  let at = facts.query;
  while (at < end) {
    let to = at;
    while (to < end && load<u8>(to) != AMPERSAND && load<u8>(to) != SEMICOLON) to++;
    if (parameterChooses(at, findByte(at, to, EQUALS))) return true;
    at = to + 1;
  }
  return false;
}

/** Whether some header's name contains `model` or `deployment`, or what stands in for a model. */
function headerNamesModel(): bool {
  const count: usize = load<u32>(facts.pairs);
  let lengths = facts.pairs + 4;
  let at = lengths + (count << 3);
  for (let i: usize = 0; i < count; i++, lengths += 8) {
    const length: usize = load<u32>(lengths);
    if (chooses(at, length)) return true;
    at += length + load<u32>(lengths + 4) + 2;
  }
  return false;
}

const MODE: u32 = 0x65646f6d;
const DEPLOYME: u64 = 0x656d796f6c706564;
const FALLBACK: u64 = 0x6b6361626c6c6166;

function chooses(header: usize, length: usize): bool {
  if (length < 5) return false;
  for (let at = header; at + 5 <= header + length; at++) {
    // A value and its end follow each name, so that a look at a few bytes more stays within the headers.
    if (load<u32>(at) == MODE && load<u8>(at + 4) == 0x6c) return true;
    if (at + 8 > header + length) continue;
    const word = load<u64>(at);
    if (word == DEPLOYME || word == FALLBACK) return true;
  }
  return false;
}

/** Whether the request in `facts` names a model in its query or in a header. */
export function isModelNamedElsewhere(): bool {
  return headerNamesModel() || (facts.queryLength != 0 && queryNamesModel());
}
