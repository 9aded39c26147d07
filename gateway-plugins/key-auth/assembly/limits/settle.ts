// The end of a call: what was reserved becomes what was used.

import { Status } from '../../../sdk/assembly/types';
import { ACCOUNT_REPORTS, setFlag } from './accounts';
import { HOLD_PICO, HOLD_TOKENS, isMoneyMeter, isTokenMeter, shareAmount, shareWindow } from './hold';
import { ACCOUNT_METERS } from './meters';
import * as R from './record';
import { addSaturating, lessBy } from './saturating';

/**
 * Puts what a call used in the place of what it reserved. What it did not use goes back where it was reserved last; what
 * it used beyond is spent, also where there is no allowance for it: then the policy server is to hear of it. True when it is.
 */
export function settle(account: u32, hold: usize, tokens: u64, pico: u64): bool {
  for (let attempt: u32 = 0; attempt < R.MOST_ATTEMPTS; attempt++) {
    if (!R.readRecord(account)) return false;
    let inDebt = false;
    let changed = false;
    for (let meter: u32 = 0; meter < ACCOUNT_METERS; meter++) {
      const counts = isTokenMeter(meter) || isMoneyMeter(meter);
      if (!counts || shareWindow(hold, meter) == 0) continue;
      const reserved = load<u64>(hold + (isTokenMeter(meter) ? HOLD_TOKENS : HOLD_PICO));
      const actual = isTokenMeter(meter) ? tokens : pico;
      if (actual > reserved) {
        R.setUsed(meter, addSaturating(R.usedOf(meter), actual - reserved));
        if (R.usedOf(meter) > R.allowanceOf(meter)) inDebt = true;
        changed = true;
      } else if (actual < reserved && R.windowOf(meter) == shareWindow(hold, meter)) {
        const back = min(reserved - actual, shareAmount(hold, meter));
        R.setUsed(meter, lessBy(R.usedOf(meter), back));
        changed = true;
      }
    }
    if (!changed) return false;
    const status = R.writeRecord(account);
    if (status == Status.Ok) {
      if (inDebt) setFlag(account, ACCOUNT_REPORTS);
      return inDebt;
    }
    if (status != Status.CasMismatch) return false;
  }
  return false;
}
