import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from './calls.js';

/** Calls sent at an even pace, whatever becomes of them, until stopped. */
export interface Load {
  /** In order of completion. */
  readonly calls: readonly Call[];
  /** Resolves once no call is under way. */
  stop(): Promise<void>;
}

/**
 * @param perSecond calls started per second
 * @param send makes the i-th call; must not reject
 */
export function startLoad(perSecond: number, send: (index: number) => Promise<Call>): Load {
  const calls: Call[] = [];
  const underWay = new Set<Promise<void>>();
  let running = true;
  const begin = performance.now();
  const loop = async (): Promise<void> => {
    for (let index = 0; running; index++) {
      const one = send(index).then((call) => void calls.push(call));
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
      const wait = begin + ((index + 1) * 1000) / perSecond - performance.now();
      if (wait > 0) await delay(wait);
    }
  };
  const done = loop();
  return {
    calls,
    stop: async () => {
      running = false;
      await done;
      await Promise.all(underWay);
    },
  };
}
