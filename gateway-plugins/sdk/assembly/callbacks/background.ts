import { enterCallback } from '../context/collector';
import { leave, pluginOf } from '../context/dispatcher';
import { refreshLogLevel } from '../hostcalls/log';

/** The timer went off. Spec: #proxy_on_tick */
export function proxy_on_tick(pluginContextId: u32): void {
  enterCallback();
  refreshLogLevel();
  pluginOf(pluginContextId).onTick();
  leave();
}

/** A shared queue has items. Spec: #proxy_on_queue_ready */
export function proxy_on_queue_ready(pluginContextId: u32, queueId: u32): void {
  enterCallback();
  pluginOf(pluginContextId).onQueueReady(queueId);
  leave();
}

/** The host calls a foreign callback. Spec: #proxy_on_foreign_function */
export function proxy_on_foreign_function(pluginContextId: u32, functionId: u32, argumentsSize: u32): void {
  enterCallback();
  pluginOf(pluginContextId).onForeignFunction(functionId, argumentsSize);
  leave();
}
