// Calls to the policy server about leases: POST <path>?vm=<16 hex digits>&boot=<16 hex digits> with lines of words.

import { enterActive } from '../../../policy/assembly/active-root';
import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import {
  outputLength,
  outputPointer,
  outputStart,
  putAscii,
  putByte,
  putBytes,
  putHex,
  putNumber,
  reserve,
} from '../../../policy/assembly/output';
import { addAsciiPair, addPair, pairsStart, writePairs } from '../../../policy/assembly/pairs';
import { vmId } from '../../../policy/assembly/vm-id';
import { proxy_get_property, proxy_http_call } from '../../../sdk/assembly/abi';
import { Status } from '../../../sdk/assembly/types';
import { accountName, accountNameLength } from './accounts';
import { processId } from './process';
import * as R from './record';
import { LARGEST } from './saturating';

const POLICY_SERVER = ascii('policy-server');
const METHOD = ascii(':method');
const POST = ascii('POST');
const PATH = ascii(':path');
const AUTHORITY = ascii(':authority');
const NODE_HEADER = ascii('x-hiclaw-node');
const VM = ascii('?vm=');
const BOOT = ascii('&boot=');
const NODE_ID = ascii('xds\0node\0id');
const SPACE: u32 = 0x20;
const LF: u32 = 0x0a;

const result: usize = memory.data(16, 8);
let pathLength: usize = 0;

/** Begins a call; the lines of its body follow in the output. */
export function beginPost(path: usize): void {
  outputStart();
  putAscii(path);
  putAscii(VM);
  putHex(vmId());
  putAscii(BOOT);
  putHex(processId());
  pathLength = outputLength();
}

/** Puts a line: what this process has of an account, as record.ts read it, and what it needs. */
export function putClaim(account: u32, meter: u32, need: u64, want: u64): void {
  putBytes(accountName(account), accountNameLength(account));
  put(meter);
  put(R.windowOf(meter));
  put(R.generationOf(meter));
  put(R.allowanceOf(meter));
  put(R.usedOf(meter));
  put(need);
  put(want);
  putByte(LF);
}

function put(value: u64): void {
  putByte(SPACE);
  putNumber(min(value, LARGEST));
}

/**
 * Sends the call from the active plugin context, which is the effective one afterwards. Its id, or 0 when the host does
 * not take it.
 */
export function sendPost(timeoutMilliseconds: u32): u32 {
  if (vmId() == 0 || processId() == 0 || !enterActive()) return 0;
  if (proxy_get_property(NODE_ID, asciiLength(NODE_ID), result, result + 4) != Status.Ok) return 0;
  const node = load<usize>(result);
  const nodeLength = load<usize>(result + 4);
  const bodyEnd = outputLength();
  // The pairs follow in the same buffer and refer into it, so it must not move while they are written.
  reserve(256 + pathLength + nodeLength);
  pairsStart();
  addAsciiPair(METHOD, POST);
  addPair(PATH, asciiLength(PATH), outputPointer(), pathLength);
  addAsciiPair(AUTHORITY, POLICY_SERVER);
  addPair(NODE_HEADER, asciiLength(NODE_HEADER), node, nodeLength);
  const headers = writePairs();
  const status = proxy_http_call(
    POLICY_SERVER,
    asciiLength(POLICY_SERVER),
    outputPointer() + headers,
    outputLength() - headers,
    outputPointer() + pathLength,
    bodyEnd - pathLength,
    0,
    0,
    timeoutMilliseconds,
    result,
  );
  return status == Status.Ok ? load<u32>(result) : 0;
}

