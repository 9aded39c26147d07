const STAR: u8 = 0x2a;
const SLASH: u8 = 0x2f;

/**
 * Whether a path matches a path pattern: `*` is any run of bytes without `/`, `**` any run at all; both may be empty.
 * There is no escape.
 *
 * Two places to go back to suffice: once a `**` is reached, nothing before it can help any more; once a `*` is reached,
 * no earlier `*` of the same run between two slashes can do what this one cannot.
 */
export function matchesPath(pattern: usize, patternLength: usize, path: usize, pathLength: usize): bool {
  let p: usize = 0;
  let n: usize = 0;
  let afterStar: usize = 0;
  let resumeStar: usize = 0;
  let inStar = false;
  let afterGlob: usize = 0;
  let resumeGlob: usize = 0;
  let inGlob = false;
  for (;;) {
    if (p < patternLength && load<u8>(pattern + p) == STAR) {
      p++;
      if (p < patternLength && load<u8>(pattern + p) == STAR) {
        afterGlob = ++p;
        resumeGlob = n;
        inGlob = true;
        inStar = false;
      } else {
        afterStar = p;
        resumeStar = n;
        inStar = true;
      }
      continue;
    }
    if (n < pathLength && p < patternLength && load<u8>(pattern + p) == load<u8>(path + n)) {
      p++;
      n++;
      continue;
    }
    if (n == pathLength && p == patternLength) return true;
    if (inStar && resumeStar < pathLength && load<u8>(path + resumeStar) != SLASH) {
      p = afterStar;
      n = ++resumeStar;
      continue;
    }
    if (inGlob && resumeGlob < pathLength) {
      p = afterGlob;
      n = ++resumeGlob;
      inStar = false;
      continue;
    }
    return false;
  }
}
