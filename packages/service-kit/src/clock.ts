/** Time as a parameter, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** The clock of the operating system. */
export const systemClock: Clock = { nowMs: () => Date.now() };
