import { type DecodedLine, decodeLine } from './record.js';

/** A longer line is none of Envoy's. */
export const MAX_LINE_BYTES = 16_384;

/** Records of some lines, and what is wrong with the others. */
export interface DecodedLines {
  readonly records: readonly Extract<DecodedLine, { record: unknown }>['record'][];
  readonly problems: readonly string[];
}

const LINE_END = 0x0a;
const MAX_STARTS = 8;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes whole lines. @param bytes ends with a line end, or is the rest of a file that nobody writes to any more */
export function decodeLines(bytes: Buffer): DecodedLines {
  const records: DecodedLines['records'][number][] = [];
  const problems: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_END, start);
    const stop = end === -1 ? bytes.length : end;
    if (stop > start) {
      const { decoded, torn } = decodeBytes(bytes.subarray(start, stop));
      if (torn !== null) problems.push(torn);
      if (decoded !== null) records.push(decoded.record);
    }
    start = stop + 1;
  }
  return { records, problems };
}

interface Salvaged {
  readonly decoded: Extract<DecodedLine, { record: unknown }> | null;
  /** What is wrong with the line or its beginning; null: nothing. */
  readonly torn: string | null;
}

function decodeBytes(bytes: Buffer): Salvaged {
  if (bytes.length > MAX_LINE_BYTES) return { decoded: null, torn: 'line is too long' };
  let line: string;
  try {
    line = utf8.decode(bytes);
  } catch {
    return salvage(bytes.toString('latin1'), 'line is not UTF-8', (text) => Buffer.from(text, 'latin1'));
  }
  const decoded = decodeLine(line);
  return 'record' in decoded
    ? { decoded, torn: null }
    : salvage(line, decoded.problem, (text) => Buffer.from(text, 'utf8'));
}

/** A gateway that died while it wrote leaves half a line, and the next one writes its first line right behind it. */
function salvage(line: string, torn: string, bytesOf: (text: string) => Buffer): Salvaged {
  let at = line.indexOf('{"', 1);
  for (let tries = 0; at !== -1 && tries < MAX_STARTS; tries++) {
    try {
      const decoded = decodeLine(utf8.decode(bytesOf(line.slice(at))));
      if ('record' in decoded) return { decoded, torn };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    at = line.indexOf('{"', at + 1);
  }
  return { decoded: null, torn };
}
