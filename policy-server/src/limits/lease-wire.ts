// What gateways and policy server say about leases: lines of words, one for each account, which a plugin reads and
// writes without a parser. Times are Unix seconds, amounts are in the meter's unit, all in decimal.

import { type Meter, METERS } from '@hiclaw/policy-image';
import { isName } from '@hiclaw/resources';
import type { AccountKey, Claim, Decision, Holder } from './ledger.js';

const MAX_LINES = 512;
const NUMBER = /^(0|[1-9]\d{0,18})$/;
const HEX = /^[0-9a-f]{16}$/;
const NODE = /^[A-Za-z0-9._:-]{1,128}$/;
const MAX_URL_LENGTH = 128;
/** What SQLite and the plugin can both count to. */
const MAX_AMOUNT = 2n ** 63n - 1n;
const MAX_GENERATION = 2 ** 32 - 1;

/** Who speaks: a VM of a gateway process. */
export interface Speaker extends Holder {
  /** Random, per VM. */
  readonly vm: string;
}

/** Reads `<path>?vm=…&boot=…`; null when anything is not exactly as agreed. */
export function readSpeaker(path: string, url: string, node: string | undefined): Speaker | null {
  if (url.length > MAX_URL_LENGTH || !url.startsWith(`${path}?`)) return null;
  const query = new URLSearchParams(url.slice(path.length + 1));
  const vm = query.get('vm') ?? '';
  const boot = query.get('boot') ?? '';
  if ([...query].length !== 2 || !HEX.test(vm) || !HEX.test(boot)) return null;
  return node === undefined || !NODE.test(node) ? null : { node, boot, vm };
}

/** `<consumer> <meter> <window's end> <generation> <allowance> <used> <need> <want>`, each line ended; null: not so. */
export function readClaims(body: string): readonly Claim[] | null {
  if (!body.endsWith('\n')) return null;
  const lines = body.slice(0, -1).split('\n');
  if (lines.length > MAX_LINES) return null;
  const claims: Claim[] = [];
  for (const line of lines) {
    const claim = readClaim(line.split(' '));
    if (claim === null) return null;
    claims.push(claim);
  }
  return claims;
}

function readClaim([consumer = '', meterNumber = '', ...rest]: readonly string[]): Claim | null {
  const meter = readMeter(meterNumber);
  const numbers = rest.map(readAmount);
  const [windowEnd, generation, allowance, used, need, want] = numbers;
  if (!isName(consumer) || meter === null || numbers.length !== 6) return null;
  if (windowEnd == null || generation == null || allowance == null) return null;
  if (used == null || need == null || want == null || want < need) return null;
  if (windowEnd > 10n ** 11n || generation > BigInt(MAX_GENERATION)) return null;
  return {
    consumer,
    meter,
    windowEndMs: Number(windowEnd) * 1000,
    generation: Number(generation),
    allowance,
    used,
    need,
    want,
  };
}

function readMeter(text: string): Meter | null {
  return /^\d$/.test(text) ? (METERS[Number(text)] ?? null) : null;
}

function readAmount(text: string): bigint | null {
  if (!NUMBER.test(text)) return null;
  const amount = BigInt(text);
  return amount <= MAX_AMOUNT ? amount : null;
}

/** What the gateway has of an account now. */
export interface LeaseAnswer extends AccountKey {
  readonly decision: Decision;
  /** The cap under which it was decided. */
  readonly cap: bigint;
}

/** `<consumer> <meter> <window's end> <generation> <allowance> <available> <cap> <milliseconds until the end> <1|0: whether it has what it needs>`, each line ended. */
export function writeAnswers(answers: readonly LeaseAnswer[], nowMs: number): string {
  return answers
    .map(({ consumer, meter, cap, decision: { lease, windowEndMs, available, satisfied } }) => {
      const left = Math.max(0, windowEndMs - nowMs);
      const account = `${consumer} ${METERS.indexOf(meter)} ${windowEndMs / 1000}`;
      return `${account} ${lease.generation} ${lease.allowance} ${available} ${cap} ${left} ${satisfied ? 1 : 0}\n`;
    })
    .join('');
}

/** What is asked of a gateway process about one account. */
export interface Recall extends AccountKey {
  readonly windowEndMs: number;
  /** `give`: what it does not use; `say`: only how much it uses. */
  readonly wish: 'give' | 'say';
}

/** `<consumer> <meter> <window's end> <give|say>`, each line ended. */
export function writeRecalls(recalls: readonly Recall[]): string {
  return recalls
    .map(({ consumer, meter, windowEndMs, wish }) => {
      return `${consumer} ${METERS.indexOf(meter)} ${windowEndMs / 1000} ${wish}\n`;
    })
    .join('');
}
