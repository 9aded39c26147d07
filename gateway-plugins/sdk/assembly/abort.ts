import { proxy_log } from './abi';
import { LogLevel } from './types';

// Fixed memory: an abort may come from an allocation that failed.
const CAPACITY: usize = 512;
const buffer: usize = memory.data(512);
let length: usize = 0;

function appendByte(byte: u32): void {
  if (length < CAPACITY) store<u8>(buffer + length++, byte);
}

// Only ASCII is kept: messages of asserts are ASCII, anything else becomes '?'.
function appendText(text: string): void {
  for (let i = 0, n = text.length; i < n; i++) {
    const code = text.charCodeAt(i);
    appendByte(code >= 0x20 && code < 0x7f ? code : 0x3f);
  }
}

function appendNumber(value: u32): void {
  if (value >= 10) appendNumber(value / 10);
  appendByte(0x30 + (value % 10));
}

/**
 * Logs message and place of a failed assertion or thrown error at critical level, then traps. The host marks the VM as
 * failed; `failure_policy` of the plugin says what becomes of the streams. Needs the compiler option
 * `--use abort=proxy_wasm_abort`.
 */
// @ts-ignore: decorator
@global
export function proxy_wasm_abort(message: string | null, fileName: string | null, line: u32, column: u32): void {
  length = 0;
  appendText('abort: ');
  if (message != null) appendText(message);
  appendText(' at ');
  if (fileName != null) appendText(fileName);
  appendText(':');
  appendNumber(line);
  appendText(':');
  appendNumber(column);
  proxy_log(LogLevel.Critical, buffer, length);
  unreachable();
}

/** The name which Higress's AssemblyScript plugins have in their asconfig.json. */
// @ts-ignore: decorator
@global
export function abort_proc_exit(message: string | null, fileName: string | null, line: u32, column: u32): void {
  proxy_wasm_abort(message, fileName, line, column);
}
