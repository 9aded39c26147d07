// Memory in which a stream keeps what is read of its response.

/** Bytes per stream, zeroed when it begins. */
export const USAGE_BYTES: u32 = 256;
