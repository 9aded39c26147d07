import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { outputLength, outputPointer, outputStart, putNumber } from '../../policy/assembly/output';
import {
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_replace_header_map_value,
} from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, HeaderMapType, Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';
import { findAttempt, isProvider, isTarget, model, modelLength, upstream } from './attempt';
import { keepPlanned, planEdits, plannedLength } from './body-edits';
import { DAMAGED_CALL, hasEdit, NO_CALL, readCall } from './call';
import { replaceInjected } from './earlier-attempt';
import { mayGoTo } from './host-binding';
import { credentialAt, findBinding, NONE, stringAt, stringLength } from './image';
import { isUsable, openedLength, openedValue } from './opened';
import { currentCredentials, currentImage } from './policy-image';
import { putWithParameter } from './query';
import { rebasedLength, rebasedPath, rebasePath } from './rebase';
import { CREDENTIAL_HOST_MISMATCH, INTERNAL, NO_CREDENTIALS, refuse } from './refusal';

const CONSUMER = ascii('hiclaw.consumer');
const AUTHORIZATION = ascii('authorization');
const CONTENT_LENGTH = ascii('content-length');
const PATH = ascii(':path');
const ADMITTED: usize = 0;

const result: usize = memory.data(16, 8);

/**
 * Makes the request what the upstream of this attempt is to get: its path, its model, its credential. Spec:
 * #proxy_on_request_headers
 */
export function proxy_on_request_headers(context: u32, count: u32, endOfStream: u32): u32 {
  arenaReset();
  const reason = prepare(currentImage(), context, endOfStream != 0);
  if (reason == ADMITTED) return Action.Continue;
  refuse(reason);
  return Action.Pause;
}

/** Total: whatever is not found to be in order is refused. Returns the reason, or ADMITTED. */
function prepare(image: usize, context: u32, isBodiless: bool): usize {
  if (image == 0) return NO_CREDENTIALS;
  const misdirected = findAttempt(image);
  if (misdirected != 0) return misdirected;
  const host = stringAt(image, upstream + L.UPSTREAM_HOST);
  const hostLength = stringLength(upstream + L.UPSTREAM_HOST);
  let index = load<u32>(upstream + L.UPSTREAM_CREDENTIAL);
  if (load<u32>(upstream + L.UPSTREAM_BINDINGS_COUNT) != 0) {
    // Who calls was said by key-auth. Without that, an upstream with credentials of consumers' own serves nobody.
    if (proxy_get_property(CONSUMER, asciiLength(CONSUMER), result, result + 8) != Status.Ok) return INTERNAL;
    const binding = findBinding(image, upstream, load<usize>(result), load<usize>(result + 8));
    if (binding != 0) index = load<u32>(binding + L.BINDING_CREDENTIAL);
  }
  const credential: usize = index == NONE ? 0 : credentialAt(image, index);
  if (credential != 0 && !mayGoTo(image, credential, host, hostLength)) return CREDENTIAL_HOST_MISMATCH;
  if (isTarget && !replaceInjected(headerOf(image, credential), headerLengthOf(image, credential))) {
    return INTERNAL;
  }
  // Whether a request is changed must not depend on the image: another one may come between two attempts.
  if (isProvider && !edit(image, context, isBodiless)) return INTERNAL;
  if (credential == 0) return isTarget && !replacePath(rebasedPath, rebasedLength) ? INTERNAL : ADMITTED;
  return place(image, credential, index) ? ADMITTED : INTERNAL;
}

/** Does what key-auth's record asks for, except that the path is only made. False when it cannot be done. */
function edit(image: usize, context: u32, isBodiless: bool): bool {
  const call = readCall();
  if (call == NO_CALL) return !isTarget;
  if (call == DAMAGED_CALL) return false;
  if (isTarget) {
    const base = stringAt(image, upstream + L.UPSTREAM_PATH);
    const baseLength = stringLength(upstream + L.UPSTREAM_PATH);
    if (!hasEdit(call, L.CALL_EDIT_PATH)) return false;
    if (!rebasePath(call, base, baseLength, model, modelLength)) return false;
  }
  const addsUsage = (load<u32>(upstream + L.UPSTREAM_FLAGS) & L.UPSTREAM_ADDS_USAGE) != 0;
  if (!planEdits(call, model, modelLength, addsUsage)) return false;
  const length = plannedLength(call);
  if (isBodiless) return length == 0;
  keepPlanned(context, call);
  outputStart();
  putNumber(length);
  return replaceHeader(CONTENT_LENGTH, asciiLength(CONTENT_LENGTH), outputPointer(), outputLength());
}

/** Header in which the credential goes; length 0: it goes elsewhere, or there is none. */
function headerOf(image: usize, credential: usize): usize {
  if (credential == 0) return 0;
  const isBasic = load<u32>(credential + L.CREDENTIAL_PLACEMENT) == L.PLACEMENT_BASIC;
  return isBasic ? AUTHORIZATION : stringAt(image, credential + L.CREDENTIAL_NAME);
}

function headerLengthOf(image: usize, credential: usize): usize {
  if (credential == 0) return 0;
  const placement = load<u32>(credential + L.CREDENTIAL_PLACEMENT);
  if (placement == L.PLACEMENT_BASIC) return asciiLength(AUTHORIZATION);
  return placement == L.PLACEMENT_HEADER ? stringLength(credential + L.CREDENTIAL_NAME) : 0;
}

/** Puts the credential, and the path that was made, on the request. False when one is not: then it must not go. */
function place(image: usize, credential: usize, index: u32): bool {
  const opened = currentCredentials();
  if (opened == 0 || !isUsable(opened, index)) return false;
  const value = openedValue(opened, index);
  const length = openedLength(opened, index);
  if (load<u32>(credential + L.CREDENTIAL_PLACEMENT) == L.PLACEMENT_QUERY) {
    const name = stringAt(image, credential + L.CREDENTIAL_NAME);
    return placeInQuery(name, stringLength(credential + L.CREDENTIAL_NAME), value, length);
  }
  if (isTarget && !replacePath(rebasedPath, rebasedLength)) return false;
  return replaceHeader(headerOf(image, credential), headerLengthOf(image, credential), value, length);
}

function placeInQuery(name: usize, nameLength: usize, parameter: usize, length: usize): bool {
  if (isTarget) {
    putWithParameter(rebasedPath, rebasedLength, name, nameLength, parameter, length);
  } else {
    const type = HeaderMapType.HttpRequestHeaders;
    const status = proxy_get_header_map_value(type, PATH, asciiLength(PATH), result, result + 8);
    if (status != Status.Ok) return false;
    putWithParameter(load<usize>(result), load<usize>(result + 8), name, nameLength, parameter, length);
  }
  return replacePath(outputPointer(), outputLength());
}

function replacePath(path: usize, length: usize): bool {
  return replaceHeader(PATH, asciiLength(PATH), path, length);
}

function replaceHeader(name: usize, nameLength: usize, value: usize, length: usize): bool {
  const type = HeaderMapType.HttpRequestHeaders;
  return proxy_replace_header_map_value(type, name, nameLength, value, length) == Status.Ok;
}
