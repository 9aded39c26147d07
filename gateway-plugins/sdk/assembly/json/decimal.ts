// 10^22 is the largest power of ten that a 64 bit float holds exactly.
const EXACT: i32 = 22;

function powerOfTen(exponent: i32): f64 {
  let power: f64 = 1;
  for (let i = 0; i < exponent; i++) power *= 10;
  return power;
}

function scale(value: f64, exponent: i32): f64 {
  // Beyond these everything is 0 or infinite; a huge exponent must not loop.
  let left = max(min(exponent, 400), -400);
  while (left > EXACT) {
    value *= 1e22;
    left -= EXACT;
  }
  while (left < -EXACT) {
    value /= 1e22;
    left += EXACT;
  }
  return left < 0 ? value / powerOfTen(-left) : value * powerOfTen(left);
}

/**
 * The value of a JSON number, at least 14 digits right. (F64.parseFloat of AssemblyScript 0.28 errs by powers of ten on
 * numbers like 1.2347020840054212e+39.)
 */
export function parseDecimal(from: usize, to: usize): f64 {
  let at = from;
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  let significand: u64 = 0;
  let exponent: i32 = 0;
  let fraction = false;
  for (; at < to; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      fraction = true;
      continue;
    }
    if (byte < 0x30 || byte > 0x39) break;
    // 18 digits are more than a float holds; the rest only moves the point.
    if (significand < 100000000000000000) {
      significand = significand * 10 + (byte - 0x30);
      if (fraction) exponent--;
    } else if (!fraction) exponent++;
  }
  if (at < to) {
    let sign = 1;
    let written = 0;
    for (at++; at < to; at++) {
      const byte = load<u8>(at);
      if (byte == 0x2d) sign = -1;
      else if (byte != 0x2b) written = min(written * 10 + <i32>(byte - 0x30), 100000);
    }
    exponent += sign * written;
  }
  const value = significand == 0 ? 0 : scale(<f64>significand, exponent);
  return negative ? -value : value;
}
