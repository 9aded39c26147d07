import path from 'node:path';
import type { BodyCall } from '../../../../packages/policy-image/src/oracle/call.js';
import { Malformed } from '../../../../packages/policy-image/src/oracle/json-tree.js';
import { loadModule, type TestModule } from '../../../policy/test/load-module.js';

/** What a scan finds, in the order of the plugin's ModelScan. */
export const SCAN = ['found', 'malformed', 'ambiguous', 'missing', 'bad-model'] as const;
export type Scan = (typeof SCAN)[number];

/** A model that the path names. */
export interface NamedInPath {
  readonly name: string;
  readonly hasResourceNames: boolean;
}

/** What a scan found; all but `scan` says nothing unless that is `found`. */
export interface Found {
  readonly scan: Scan;
  readonly model: string;
  /** Offset and length; null where the path names the model. */
  readonly place: readonly [number, number] | null;
  readonly isStream: boolean;
  readonly asksUsage: boolean;
  readonly namesStored: boolean;
  readonly namesStoredResponse: boolean;
  readonly maxTokens: number;
  readonly choices: number;
  /** Form, offset and length of the edit that asks for usage. */
  readonly usage: readonly [number, number, number] | null;
}

const NOTHING = {
  model: '',
  place: null,
  isStream: false,
  asksUsage: false,
  namesStored: false,
  namesStoredResponse: false,
  maxTokens: 0,
  choices: 0,
  usage: null,
} as const;

// SEEN_* of the plugin.
const RESOURCE_NAMES = 16;
const STORED = 32;
const STORED_RESPONSE = 64;
const STREAM = 128;
const ASKED_USAGE = 256;
const FORM_NONE = 0xff;

const CONTROL = /[\0-\x1f\x7f]/;
const SURROGATE = /\p{Surrogate}/u;

/** The plugin's scanner of bodies, without a host. */
export class BodyScanner {
  readonly #module: TestModule;
  readonly #scanner: number;
  readonly #room: number;

  private constructor(module: TestModule) {
    this.#module = module;
    this.#scanner = module.call('allocate', module.call('scannerBytes'));
    this.#room = module.call('allocate', 1 << 16);
  }

  static async load(): Promise<BodyScanner> {
    return new BodyScanner(await loadModule(path.resolve(import.meta.dirname, '../../assembly/pure.ts')));
  }

  /** Scans a body handed over in chunks that end at the given offsets. */
  scan(
    body: Uint8Array,
    cuts: readonly number[],
    { boundary, named }: { readonly boundary: string | null; readonly named: NamedInPath | null },
  ): Found {
    const module = this.#module;
    const scanner = this.#scanner;
    const room = this.#room;
    if (boundary === null) module.call('scanStart', scanner);
    else {
      module.memory().set(Buffer.from(boundary, 'latin1'), room);
      module.call('scanFormStart', scanner, room, boundary.length);
    }
    if (named !== null) {
      module.memory().set(Buffer.from(named.name, 'latin1'), room);
      const flags = named.hasResourceNames ? RESOURCE_NAMES : 0;
      module.call('scanPathModel', scanner, room, named.name.length, flags);
    }
    let from = 0;
    for (const to of [...cuts, body.length]) {
      module.memory().set(body.subarray(from, to), room);
      if (module.call('scan', scanner, room, room + to - from) === 0)
        return { scan: 'malformed', ...NOTHING };
      from = to;
    }
    const result = SCAN[module.call('scanResult', scanner)] ?? 'malformed';
    return result === 'found' ? this.#found(boundary, named) : { scan: result, ...NOTHING };
  }

  #found(boundary: string | null, named: NamedInPath | null): Found {
    const read = (name: string): number => this.#module.call(name, this.#scanner) >>> 0;
    const flags = read('scanFlags');
    const model = this.#module.read(
      this.#scanner + this.#module.call('modelOffset'),
      read('scannedModelLength'),
    );
    return {
      scan: 'found',
      model: Buffer.from(model).toString(),
      place: named === null ? [read('scannedPlace'), read('scannedPlaceLength')] : null,
      isStream: (flags & STREAM) !== 0,
      asksUsage: (flags & ASKED_USAGE) !== 0,
      namesStored: (flags & STORED) !== 0,
      namesStoredResponse: (flags & STORED_RESPONSE) !== 0,
      maxTokens: read('scannedMaxTokens'),
      choices: read('scannedChoices'),
      usage: boundary === null ? this.#usage() : null,
    };
  }

  #usage(): Found['usage'] {
    const read = (name: string): number => this.#module.call(name, this.#scanner) >>> 0;
    const form = read('scannedUsageForm');
    // No options at all: they can be inserted after the first brace.
    if (form === 0) return [1, read('scannedBodyStart') + 1, 0];
    return form === FORM_NONE ? null : [form, read('scannedUsageOffset'), read('scannedUsageLength')];
  }
}

/** The same answer from the oracle. */
export function oracleFound(isNamedInPath: boolean, read: () => BodyCall): Found {
  let call: BodyCall;
  try {
    call = read();
  } catch (error) {
    if (error instanceof Malformed) return { scan: 'malformed', ...NOTHING };
    throw error;
  }
  const { model, place, usage } = call;
  if (call.isAmbiguous) return { scan: 'ambiguous', ...NOTHING };
  if (model === null) return { scan: 'missing', ...NOTHING };
  const isName =
    model !== '' && Buffer.byteLength(model) <= 256 && !CONTROL.test(model) && !SURROGATE.test(model);
  if (call.isUnusable || !isName) return { scan: 'bad-model', ...NOTHING };
  return {
    scan: 'found',
    model,
    place: isNamedInPath || place === null ? null : [place.offset, place.length],
    isStream: call.isStream,
    asksUsage: call.asksUsage,
    namesStored: call.namesStored,
    namesStoredResponse: call.namesStoredResponse,
    maxTokens: call.maxTokens,
    choices: call.choices,
    usage: usage === null ? null : [usage.form, usage.offset, usage.length],
  };
}
