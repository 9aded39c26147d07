/** Number of meters: METER_* count from 0. */
export const ACCOUNT_METERS: u32 = 6;
