// What an attempt may have to change of a call, told to the upstream filter: layout.ts, "filter state hiclaw.call".

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { outputLength, outputPointer, outputStart, putBytes } from '../../policy/assembly/output';
import { proxy_get_header_map_value, proxy_set_property } from '../../sdk/assembly/abi';
import { HeaderMapType, Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';
import { ENDPOINT_COMPLETIONS, ENDPOINT_GEMINI_GENERATE, ENDPOINT_GEMINI_STREAM, takesStreamOptions } from './endpoints';
import { SCAN_BODY_START, SCAN_PROMPTS } from './json-state';
import { stringLength } from './lookup';
import {
  Kind,
  SCAN_CHOICES,
  SCAN_FLAGS,
  SCAN_KIND,
  SCAN_MAX_TOKENS,
  SCAN_MODEL_LENGTH,
  SCAN_MODEL_OFFSET,
  SCAN_MODEL_RAW,
  SCAN_USAGE_FORM,
  SCAN_USAGE_LENGTH,
  SCAN_USAGE_OFFSET,
  SEEN_ASKED_USAGE,
  SEEN_PATH_MODEL,
  SEEN_STREAM,
  USAGE_FORM_NONE,
} from './scan-state';
import { CALL_ASKED_USAGE, CALL_STREAMING, scannerOf, Stream } from './streams';

const CALL = ascii('hiclaw.call');
const PATH = ascii(':path');
const SLASH: u32 = 0x2f;

/** What is taken for the length of an answer when several are wanted and none is limited. */
const USUAL_MAX_TOKENS: u64 = 4096;

const record: usize = memory.data(36, 8);
const result: usize = memory.data(16, 8);

/** Notes what a body that was scanned to its end says about the call. */
export function noteCall(stream: Stream): void {
  const scanner = scannerOf(stream);
  const flags = load<u32>(scanner + SCAN_FLAGS);
  const endpoint = stream.endpoint;
  const streams =
    endpoint == ENDPOINT_GEMINI_STREAM ||
    (endpoint != ENDPOINT_GEMINI_GENERATE && (flags & SEEN_STREAM) != 0);
  stream.callFlags =
    (streams ? CALL_STREAMING : 0) | ((flags & SEEN_ASKED_USAGE) != 0 ? CALL_ASKED_USAGE : 0);
  stream.bodyBytes = stream.seen;
  if (load<u32>(scanner + SCAN_KIND) != Kind.Json) return;
  let choices: u64 = max(load<u32>(scanner + SCAN_CHOICES), 1);
  if (endpoint == ENDPOINT_COMPLETIONS) choices *= max(load<u32>(scanner + SCAN_PROMPTS), 1);
  const each: u64 = load<u32>(scanner + SCAN_MAX_TOKENS);
  // Both factors may be as large as 32 bits can say, and choices is a product already.
  const most = <f64>(each != 0 || choices == 1 ? each : USUAL_MAX_TOKENS) * <f64>choices;
  stream.maxTokens = most >= <f64>u32.MAX_VALUE ? u32.MAX_VALUE : <u32>most;
}

/** Whether an attempt might have to add `include_usage`. */
function lacksUsage(stream: Stream): bool {
  return (
    takesStreamOptions(stream.endpoint) && (stream.callFlags & (CALL_STREAMING | CALL_ASKED_USAGE)) == CALL_STREAMING
  );
}

/**
 * Tells the upstream filter where the request in `stream`, whose LLM path and endpoint are known, says what an attempt
 * on `route` may have to change. False when the host does not take it.
 */
export function showCall(stream: Stream, route: usize): bool {
  const flags = load<u32>(route + L.ROUTE_FLAGS);
  const rebases = (flags & L.ROUTE_REBASES) != 0;
  const addsUsage = (flags & L.ROUTE_ADDS_USAGE) != 0 && lacksUsage(stream);
  if (!rebases && !addsUsage) return true;
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_header_map_value(
    HeaderMapType.HttpRequestHeaders,
    PATH,
    asciiLength(PATH),
    result,
    result + 8,
  );
  const path = load<usize>(result);
  const length = load<usize>(result + 8);
  const prefix = stringLength(stream.llmPath + L.LLM_PATH_PATH);
  if (status != Status.Ok || path == 0 || length < prefix) return false;
  fillRecord(stream, path, prefix, length, addsUsage);
  outputStart();
  putBytes(record, L.CALL_PATH);
  putBytes(path, length);
  return proxy_set_property(CALL, asciiLength(CALL), outputPointer(), outputLength()) == Status.Ok;
}

function fillRecord(stream: Stream, path: usize, prefix: usize, length: usize, addsUsage: bool): void {
  memory.fill(record, 0, L.CALL_PATH);
  store<u32>(record + L.CALL_BODY_LENGTH, stream.bodyBytes);
  store<u32>(record + L.CALL_PREFIX_LENGTH, prefix);
  store<u32>(record + L.CALL_PATH_LENGTH, length);
  const scanner = scannerOf(stream);
  const isPathModel = (load<u32>(scanner + SCAN_FLAGS) & SEEN_PATH_MODEL) != 0;
  let edits: u32 = L.CALL_EDIT_PATH;
  // An item of a response names no model, and its stream has no scan.
  if (stream.modelLength != 0) {
    if (isPathModel) {
      edits |= L.CALL_EDIT_PATH_MODEL;
      // After the prefix and the segment `deployments` or `models`.
      let at = path + prefix + 1;
      while (load<u8>(at++) != SLASH) {}
      store<u32>(record + L.CALL_MODEL_OFFSET, at - path);
      store<u32>(record + L.CALL_MODEL_LENGTH, load<u32>(scanner + SCAN_MODEL_LENGTH));
    } else {
      edits |=
        load<u32>(scanner + SCAN_KIND) == Kind.Json ? L.CALL_EDIT_JSON_MODEL : L.CALL_EDIT_MULTIPART_MODEL;
      store<u32>(record + L.CALL_MODEL_OFFSET, load<u32>(scanner + SCAN_MODEL_OFFSET));
      store<u32>(record + L.CALL_MODEL_LENGTH, load<u32>(scanner + SCAN_MODEL_RAW));
    }
  }
  if (addsUsage && fillUsage(scanner)) edits |= L.CALL_EDIT_USAGE;
  store<u32>(record + L.CALL_EDITS, edits);
}

function fillUsage(scanner: usize): bool {
  const form = load<u32>(scanner + SCAN_USAGE_FORM);
  if (form == USAGE_FORM_NONE) return false;
  if (form == 0) {
    // First of all members: there is another one after it, the model or one that follows from the path.
    store<u32>(record + L.CALL_USAGE_OFFSET, load<u32>(scanner + SCAN_BODY_START) + 1);
    store<u32>(record + L.CALL_USAGE_FORM, L.CALL_USAGE_MEMBER);
    return true;
  }
  store<u32>(record + L.CALL_USAGE_OFFSET, load<u32>(scanner + SCAN_USAGE_OFFSET));
  store<u32>(record + L.CALL_USAGE_LENGTH, load<u32>(scanner + SCAN_USAGE_LENGTH));
  store<u32>(record + L.CALL_USAGE_FORM, form);
  return true;
}
