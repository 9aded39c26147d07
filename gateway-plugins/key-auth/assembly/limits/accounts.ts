// The consumers with limits that this VM has seen: their names, what is being asked about them, and what was denied.
// They stay for as long as the VM: there are no more than consumers that ever had limits.

import { bytesEqual } from '../../../policy/assembly/bytes';
import { ACCOUNT_METERS } from './meters';

const KEY_MAX: usize = 72;
/** Distinguishes accounts from other shared data of the plugin. */
const PREFIX: u64 = 0x73746e756f636361; // "accounts"
const PREFIX_BYTES: usize = 8;

const KEY_LENGTH: usize = 0;
const CALL: usize = 4;
const CALL_ROOT: usize = 8;
const FLAGS: usize = 12;
const SENT_AT: usize = 16;
const FAILURES: usize = 24;
const ASKED: usize = 28;
const REST_UNTIL: usize = 32;
const KEY: usize = 40;
const DENIALS: usize = KEY + KEY_MAX;
const DENIAL_BYTES: usize = 24;
const ENTRY: usize = DENIALS + DENIAL_BYTES * ACCOUNT_METERS;

/** The policy server is to hear what was spent beyond the allowance. */
export const ACCOUNT_REPORTS: u32 = 1;
/** The policy server knows no such limit. */
export const ACCOUNT_UNKNOWN: u32 = 2;
/** The call about it will never be answered, because the plugin context that made it is gone. */
export const ACCOUNT_LOST: u32 = 4;

let entries: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
// Open addressing with twice the capacity: number plus 1.
let index: usize = 0;
let mask: u32 = 0;

export function accountCount(): u32 {
  return count;
}

function entryOf(account: u32): usize {
  return entries + <usize>account * ENTRY;
}

function hash(name: usize, length: usize): u32 {
  let value: u32 = 0x811c9dc5;
  for (let i: usize = 0; i < length; i++) value = (value ^ load<u8>(name + i)) * 0x01000193;
  return value;
}

function grow(): void {
  const wider: u32 = capacity == 0 ? 16 : capacity * 2;
  const moved = heap.alloc(<usize>wider * ENTRY);
  if (entries != 0) {
    memory.copy(moved, entries, <usize>count * ENTRY);
    heap.free(entries);
    heap.free(index);
  }
  entries = moved;
  capacity = wider;
  mask = wider * 2 - 1;
  index = heap.alloc((mask + 1) << 2);
  memory.fill(index, 0, (mask + 1) << 2);
  for (let account: u32 = 0; account < count; account++) enter(account);
}

function enter(account: u32): void {
  let position = hash(accountName(account), accountNameLength(account)) & mask;
  while (load<u32>(index + (position << 2)) != 0) position = (position + 1) & mask;
  store<u32>(index + (position << 2), account + 1);
}

/** Number of a consumer's account plus 1; 0: this VM has none. */
export function findAccount(name: usize, length: usize): u32 {
  if (index == 0) return 0;
  let position = hash(name, length) & mask;
  for (let found = load<u32>(index + (position << 2)); found != 0; found = load<u32>(index + (position << 2))) {
    if (accountNameLength(found - 1) == length && bytesEqual(accountName(found - 1), name, length)) return found;
    position = (position + 1) & mask;
  }
  return 0;
}

/** The same, made when there is none yet; 0 for a name that is none. */
export function openAccount(name: usize, length: usize): u32 {
  const found = findAccount(name, length);
  if (found != 0) return found;
  if (length > KEY_MAX - PREFIX_BYTES) return 0;
  if (count == capacity) grow();
  const entry = entryOf(count);
  memory.fill(entry, 0, ENTRY);
  store<u32>(entry + KEY_LENGTH, <u32>(PREFIX_BYTES + length));
  store<u64>(entry + KEY, PREFIX);
  memory.copy(entry + KEY + PREFIX_BYTES, name, length);
  enter(count++);
  return count;
}

/** Key of the account in shared data. */
export function keyOf(account: u32): usize {
  return entryOf(account) + KEY;
}

export function keyLengthOf(account: u32): usize {
  return load<u32>(entryOf(account) + KEY_LENGTH);
}

/** Name of the consumer. */
export function accountName(account: u32): usize {
  return keyOf(account) + PREFIX_BYTES;
}

export function accountNameLength(account: u32): usize {
  return keyLengthOf(account) - PREFIX_BYTES;
}

/** Id of the call to the policy server that is under way; 0: none. */
export function callOf(account: u32): u32 {
  return load<u32>(entryOf(account) + CALL);
}

/** Plugin context that made it. */
export function callRootOf(account: u32): u32 {
  return load<u32>(entryOf(account) + CALL_ROOT);
}

/** When it was made, by the monotonic clock. */
export function sentAtOf(account: u32): u64 {
  return load<u64>(entryOf(account) + SENT_AT);
}

export function setCall(account: u32, call: u32, root: u32, now: u64): void {
  const entry = entryOf(account);
  store<u32>(entry + CALL, call);
  store<u32>(entry + CALL_ROOT, root);
  store<u64>(entry + SENT_AT, now);
}

export function hasFlag(account: u32, flag: u32): bool {
  return (load<u32>(entryOf(account) + FLAGS) & flag) != 0;
}

export function setFlag(account: u32, flag: u32): void {
  const entry = entryOf(account);
  store<u32>(entry + FLAGS, load<u32>(entry + FLAGS) | flag);
}

export function clearFlag(account: u32, flag: u32): void {
  const entry = entryOf(account);
  store<u32>(entry + FLAGS, load<u32>(entry + FLAGS) & ~flag);
}

/** Calls about it that failed, one after the other. */
export function failuresOf(account: u32): u32 {
  return load<u32>(entryOf(account) + FAILURES);
}

export function setFailures(account: u32, failures: u32): void {
  store<u32>(entryOf(account) + FAILURES, failures);
}

/** Number of meters that the call under way asks about. */
export function askedOf(account: u32): u32 {
  return load<u32>(entryOf(account) + ASKED);
}

export function setAsked(account: u32, meters: u32): void {
  store<u32>(entryOf(account) + ASKED, meters);
}

/** Until when the policy server, which did not answer, is left alone about it; by the monotonic clock. */
export function restUntilOf(account: u32): u64 {
  return load<u64>(entryOf(account) + REST_UNTIL);
}

export function setRestUntil(account: u32, until: u64): void {
  store<u64>(entryOf(account) + REST_UNTIL, until);
}

function denialOf(account: u32, meter: u32): usize {
  return entryOf(account) + DENIALS + <usize>meter * DENIAL_BYTES;
}

/** Notes that the policy server gave nothing under this cap: until then it need not be asked for more than is available. */
export function deny(account: u32, meter: u32, until: u64, available: u64, cap: u64): void {
  const denial = denialOf(account, meter);
  store<u64>(denial, until);
  store<u64>(denial + 8, available);
  store<u64>(denial + 16, cap);
}

/** Whether it is known that so much more cannot be had under this cap. */
export function isDenied(account: u32, meter: u32, more: u64, cap: u64, now: u64): bool {
  const denial = denialOf(account, meter);
  return now < load<u64>(denial) && load<u64>(denial + 16) == cap && more > load<u64>(denial + 8);
}
