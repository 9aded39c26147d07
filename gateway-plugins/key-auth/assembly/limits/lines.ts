// Lines of words, in which the policy server speaks of leases.

const SPACE: u32 = 0x20;
const LF: u32 = 0x0a;
const MOST_DIGITS: usize = 19;

let at: usize = 0;
let end: usize = 0;
let sound = true;

/** Word that nextWord() found. */
export let word: usize = 0;
export let wordLength: usize = 0;

export function readLines(start: usize, length: usize): void {
  at = start;
  end = start + length;
  sound = true;
}

/** Whether another line begins here. */
export function hasLine(): bool {
  return sound && at < end;
}

/** Whether everything so far was as agreed. */
export function linesAreSound(): bool {
  return sound;
}

/** Takes the next word of the line. */
export function nextWord(): void {
  word = at;
  while (at < end && load<u8>(at) != SPACE && load<u8>(at) != LF) at++;
  wordLength = at - word;
  if (wordLength == 0 || at == end) sound = false;
  else if (load<u8>(at) == SPACE) at++;
}

/** Takes the next word as a decimal number below 2^63. */
export function nextNumber(): u64 {
  nextWord();
  if (wordLength > MOST_DIGITS) sound = false;
  let value: u64 = 0;
  for (let i: usize = 0; sound && i < wordLength; i++) {
    const digit = <u32>load<u8>(word + i) - 0x30;
    if (digit > 9) sound = false;
    else value = value * 10 + digit;
  }
  if (value > 0x7fffffffffffffff) sound = false;
  return value;
}

/** Takes the end of the line. */
export function endLine(): void {
  if (at < end && load<u8>(at) == LF) at++;
  else sound = false;
}
