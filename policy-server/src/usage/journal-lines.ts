import { type DecodedLine, decodeLine, type UsageRecord } from './record.js';

/** A longer line is none of Envoy's. */
export const MAX_LINE_BYTES = 16_384;

/** Records of some lines, and what is wrong with the others. */
export interface DecodedLines {
  readonly records: readonly UsageRecord[];
  readonly problems: readonly string[];
}

const LINE_END = 0x0a;
const MAX_STARTS = 8;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes whole lines. @param bytes ends with a line end, or is the rest of a file that nobody writes to any more */
export function decodeLines(bytes: Buffer): DecodedLines {
  const records: UsageRecord[] = [];
  const problems: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_END, start);
    const stop = end === -1 ? bytes.length : end;
    if (stop > start) {
      const line = bytes.subarray(start, stop);
      const decoded = decodeBytes(line);
      if ('record' in decoded) records.push(decoded.record);
      else {
        problems.push(decoded.problem);
        records.push(...salvage(line));
      }
    }
    start = stop + 1;
  }
  return { records, problems };
}

function decodeBytes(bytes: Buffer): DecodedLine {
  if (bytes.length > MAX_LINE_BYTES) return { problem: 'line is too long' };
  // Bytes that are no text are replaced: a client's strange name for a model must not keep its call from counting.
  return decodeLine(utf8.decode(bytes));
}

/**
 * A gateway that died while it wrote leaves a line without its end, and the next one writes right behind it. What a
 * client says cannot look like the start of a record: its quotes are escaped.
 */
function salvage(bytes: Buffer): readonly UsageRecord[] {
  let at = bytes.indexOf(RECORD_START, 1);
  for (let tries = 0; at !== -1 && tries < MAX_STARTS; tries++) {
    const behind = decodeBytes(bytes.subarray(at));
    if ('record' in behind) {
      const before = decodeBytes(bytes.subarray(0, at));
      return 'record' in before ? [before.record, behind.record] : [behind.record];
    }
    at = bytes.indexOf(RECORD_START, at + 1);
  }
  return [];
}

const RECORD_START = '{"';
