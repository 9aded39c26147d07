import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The numbers of a usage record. */
export interface UsageNumbers {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  readonly estimated: boolean;
  readonly outcome: 'completed' | 'aborted' | 'failed' | 'cut';
}

/** How a response ends: in full, in full with trailers, or because one side goes away (early: before it begins). */
export type End = 'complete' | 'trailers' | 'client' | 'client-early' | 'upstream';

/** One response of a provider, and what is to be read of it. */
export interface UsageCase {
  readonly name: string;
  readonly endpoint: string;
  readonly stream: boolean;
  /** The client itself asked for usage in the stream. */
  readonly asksUsage: boolean;
  /** The route's providers are to be asked for usage. */
  readonly addsUsage: boolean;
  /** Bytes of the request body. */
  readonly requestBytes: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Buffer[];
  readonly end: End;
  readonly record: UsageNumbers;
  /** What the client gets. */
  readonly client: Buffer;
}

type Piece = string | { readonly base64: string };

interface WrittenCase {
  readonly name: string;
  readonly endpoint: string;
  readonly stream?: boolean;
  readonly asksUsage?: boolean;
  readonly addsUsage?: boolean;
  readonly requestBytes?: number;
  readonly status?: number;
  readonly contentType: string;
  readonly encoding?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces: readonly Piece[];
  readonly end?: End;
  readonly record: UsageNumbers;
  readonly client?: string;
}

const FOLDER = path.resolve(import.meta.dirname, '../../../testdata/usage');
/** Leaves room for the boundary of a form. */
const REQUEST_BYTES = 600;

function bytesOf(piece: Piece): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece.base64, 'base64');
}

function complete(written: WrittenCase): UsageCase {
  const pieces = written.pieces.map(bytesOf);
  return {
    name: written.name,
    endpoint: written.endpoint,
    stream: written.stream ?? false,
    asksUsage: written.asksUsage ?? false,
    addsUsage: written.addsUsage ?? true,
    requestBytes: written.requestBytes ?? REQUEST_BYTES,
    status: written.status ?? 200,
    headers: {
      'content-type': written.contentType,
      ...(written.encoding === undefined ? {} : { 'content-encoding': written.encoding }),
      ...written.headers,
    },
    pieces,
    end: written.end ?? 'complete',
    record: written.record,
    client: written.client === undefined ? Buffer.concat(pieces) : Buffer.from(written.client),
  };
}

/** All cases of `gateway-plugins/testdata/usage`, by topic. */
export function usageCorpus(): readonly { readonly topic: string; readonly cases: readonly UsageCase[] }[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      topic: path.basename(name, '.json'),
      cases: (JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as WrittenCase[]).map(complete),
    }));
}
