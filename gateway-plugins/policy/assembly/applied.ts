// An ACK comes from Envoy's main thread, before its workers have the new configuration. So each VM tells the policy
// server itself, once it has acted on an image: POST /applied?plugin=<name>&version=<policy version>&vm=<16 hex digits>.

import { proxy_get_property, proxy_http_call } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';
import { ascii, asciiLength } from './ascii';
import { outputLength, outputPointer, outputStart, putAscii, putHex, putNumber, reserve } from './output';
import { addAsciiPair, addPair, pairsStart, writePairs } from './pairs';
import { vmId } from './vm-id';

const TIMEOUT_MILLISECONDS: u32 = 5000;
const POLICY_SERVER = ascii('policy-server');
const METHOD = ascii(':method');
const POST = ascii('POST');
const PATH = ascii(':path');
const AUTHORITY = ascii(':authority');
const NODE_HEADER = ascii('x-hiclaw-node');
const APPLIED = ascii('/applied?plugin=');
const VERSION = ascii('&version=');
const VM = ascii('&vm=');
const NODE_ID = ascii('xds\0node\0id');

const result: usize = memory.data(16, 8);

/** Sends the confirmation from the active plugin context; false when the host did not take it. */
export function confirmApplied(plugin: usize, version: u64): bool {
  if (vmId() == 0) return false;
  if (proxy_get_property(NODE_ID, asciiLength(NODE_ID), result, result + 8) != Status.Ok) return false;
  const node = load<usize>(result);
  const nodeLength = load<usize>(result + 8);
  outputStart();
  putAscii(APPLIED);
  putAscii(plugin);
  putAscii(VERSION);
  putNumber(version);
  putAscii(VM);
  putHex(vmId());
  const pathLength = outputLength();
  // The pairs follow in the same buffer and refer into it, so it must not move while they are written.
  reserve(256 + pathLength + nodeLength);
  pairsStart();
  addAsciiPair(METHOD, POST);
  addPair(PATH, asciiLength(PATH), outputPointer(), pathLength);
  addAsciiPair(AUTHORITY, POLICY_SERVER);
  addPair(NODE_HEADER, asciiLength(NODE_HEADER), node, nodeLength);
  const headers = writePairs();
  return (
    proxy_http_call(
      POLICY_SERVER,
      asciiLength(POLICY_SERVER),
      outputPointer() + headers,
      outputLength() - headers,
      0,
      0,
      0,
      0,
      TIMEOUT_MILLISECONDS,
      result,
    ) == Status.Ok
  );
}

/**
 * Nothing depends on the answer. Yet without this export Envoy 1.40 leaves what ends the call to the next callback of
 * the VM, and when the plugin context that made the call is gone by then, the process crashes.
 * Spec: #proxy_on_http_call_response
 */
export function proxy_on_http_call_response(root: u32, call: u32, headers: u32, body: u32, trailers: u32): void {}
