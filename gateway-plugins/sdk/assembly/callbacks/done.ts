import { enterCallback } from '../context/collector';
import { contextDone, contextLog, leave } from '../context/dispatcher';

/** The host is done with a context. Spec: #proxy_on_done */
export function proxy_on_done(contextId: u32): u32 {
  enterCallback();
  const done = contextDone(contextId);
  leave();
  return done ? 1 : 0;
}

/** Last chance to read headers and properties. Spec: #proxy_on_log */
export function proxy_on_log(contextId: u32): void {
  enterCallback();
  contextLog(contextId);
  leave();
}
