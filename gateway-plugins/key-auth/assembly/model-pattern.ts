/** Whether the name matches a model pattern: `*` is any run of bytes, also an empty one. There is no escape. */
export function matchesModel(pattern: usize, patternLength: usize, name: usize, nameLength: usize): bool {
  let p: usize = 0;
  let n: usize = 0;
  // Where to go on after the last `*` took one more byte; the earlier ones never need to.
  let afterStar: usize = 0;
  let starred = false;
  let resume: usize = 0;
  while (n < nameLength) {
    if (p < patternLength) {
      const byte = load<u8>(pattern + p);
      if (byte == 0x2a) {
        afterStar = ++p;
        resume = n;
        starred = true;
        continue;
      }
      if (byte == load<u8>(name + n)) {
        p++;
        n++;
        continue;
      }
    }
    if (!starred) return false;
    p = afterStar;
    n = ++resume;
  }
  while (p < patternLength && load<u8>(pattern + p) == 0x2a) p++;
  return p == patternLength;
}

/** Number of bytes that are no `*`: the more, the closer a match. */
export function literalBytes(pattern: usize, length: usize): u32 {
  let count: u32 = 0;
  for (let i: usize = 0; i < length; i++) if (load<u8>(pattern + i) != 0x2a) count++;
  return count;
}
