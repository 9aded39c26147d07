// The usage record of a call: one JSON object in filter state, from where the access log takes it into the journal.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import {
  outputLength,
  outputPointer,
  outputStart,
  putAscii,
  putByte,
  putJson,
  putNumber,
} from '../../../policy/assembly/output';
import { proxy_set_property } from '../../../sdk/assembly/abi';
import { ENDPOINT_GEMINI_STREAM } from '../endpoints';
import { SCAN_MODEL } from '../scan-state';
import { CALL_STREAMING, scannerOf, Stream } from '../streams';
import { endpointName } from './endpoint-traits';
import { FinalUsage } from './final-usage';

const PROPERTY = ascii('hiclaw.usage');
const START = ascii('{"v":1,"endpoint":"');
const MODEL = ascii('","model":');
const STREAM = ascii(',"stream":');
const INPUT = ascii(',"input":');
const CACHED_INPUT = ascii(',"cachedInput":');
const CACHE_WRITE = ascii(',"cacheWrite":');
const OUTPUT = ascii(',"output":');
const REASONING = ascii(',"reasoning":');
const ESTIMATED = ascii(',"estimated":');
const OUTCOME = ascii(',"outcome":"');
const TRUE = ascii('true');
const FALSE = ascii('false');
const CLOSE_OBJECT: u32 = 0x7d;
const QUOTE: u32 = 0x22;

/** By OUTCOME_*. */
const OUTCOMES: StaticArray<usize> = [ascii('completed'), ascii('aborted'), ascii('failed'), ascii('cut')];

function putBool(value: bool): void {
  putAscii(value ? TRUE : FALSE);
}

function putCount(name: usize, value: u32): void {
  putAscii(name);
  putNumber(value);
}

/** Publishes what the active stream has consumed. A host that does not take it leaves the call without a record. */
export function publishUsage(stream: Stream, usage: FinalUsage): void {
  outputStart();
  putAscii(START);
  putAscii(endpointName(stream.endpoint));
  putAscii(MODEL);
  putJson(scannerOf(stream) + SCAN_MODEL, stream.modelLength);
  putAscii(STREAM);
  putBool((stream.callFlags & CALL_STREAMING) != 0 || stream.endpoint == ENDPOINT_GEMINI_STREAM);
  putCount(INPUT, usage.input);
  putCount(CACHED_INPUT, usage.cachedInput);
  putCount(CACHE_WRITE, usage.cacheWrite);
  putCount(OUTPUT, usage.output);
  putCount(REASONING, usage.reasoning);
  putAscii(ESTIMATED);
  putBool(usage.estimated);
  putAscii(OUTCOME);
  putAscii(OUTCOMES[usage.outcome]);
  putByte(QUOTE);
  putByte(CLOSE_OBJECT);
  proxy_set_property(PROPERTY, asciiLength(PROPERTY), outputPointer(), outputLength());
}
