// Which upstream an attempt goes to, as the metadata of its endpoint says.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, findByte } from '../../policy/assembly/bytes';
import { proxy_get_property } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';
import { findUpstream, stringAt, stringLength } from './image';
import { UPSTREAM_MISMATCH, UPSTREAM_UNKNOWN } from './refusal';

/** `<upstream key> <host:port>`, or `<upstream key> <host:port> <model>` where a route's targets share a cluster. */
const UPSTREAM = ascii('xds\0upstream_host_metadata\0filter_metadata\0hiclaw\0upstream');
const PROVIDER = ascii('providers/');
const SPACE: u32 = 0x20;

const result: usize = memory.data(16, 8);

/** Entry of the upstream in the image. */
export let upstream: usize = 0;
/** Whether it speaks a protocol of LLMs. */
export let isProvider: bool = false;
/** Whether it is one of several targets: then its path is made from the path that the client sent. */
export let isTarget: bool = false;
/** What the target calls the model; length 0: as the client does. */
export let model: usize = 0;
export let modelLength: usize = 0;

/** Finds out. Returns why the attempt must not go on, or 0. */
export function findAttempt(image: usize): usize {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_property(UPSTREAM, asciiLength(UPSTREAM), result, result + 8);
  if (status != Status.Ok) return UPSTREAM_UNKNOWN;
  const key = load<usize>(result);
  const end = key + load<usize>(result + 8);
  const keyEnd = findByte(key, end, SPACE);
  upstream = findUpstream(image, key, keyEnd - key);
  if (upstream == 0) return UPSTREAM_UNKNOWN;
  isProvider = keyEnd - key > asciiLength(PROVIDER) && bytesEqual(key, PROVIDER, asciiLength(PROVIDER));
  const host = min<usize>(keyEnd + 1, end);
  const hostEnd = isProvider ? findByte(host, end, SPACE) : end;
  isTarget = hostEnd < end;
  model = isTarget ? hostEnd + 1 : end;
  modelLength = end - model;
  const known = stringLength(upstream + L.UPSTREAM_HOST);
  const isSame =
    hostEnd - host == known && bytesEqual(host, stringAt(image, upstream + L.UPSTREAM_HOST), known);
  return isSame ? 0 : UPSTREAM_MISMATCH;
}
