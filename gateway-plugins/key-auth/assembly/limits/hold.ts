// Memory in which a stream keeps what it holds of its consumer's limits.

/** Bytes per stream, zeroed when it begins. */
export const HOLD_BYTES: u32 = 64;
