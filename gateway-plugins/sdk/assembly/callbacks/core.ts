// The callbacks that every plugin needs. Re-export all of them from the plugin's entry file:
//   export * from '@hiclaw/proxy-wasm/assembly/callbacks/core';
import '../abort';
import { enterCallback } from '../context/collector';
import { createContext, deleteContext, leave, pluginOf } from '../context/dispatcher';
import { refreshLogLevel } from '../hostcalls/log';

export { proxy_abi_version_0_2_1 } from '../abi-version';
export { proxy_on_memory_allocate } from '../arena';

/** A plugin context (parent 0) or stream context begins. Spec: #proxy_on_context_create */
export function proxy_on_context_create(contextId: u32, parentContextId: u32): void {
  enterCallback();
  createContext(contextId, parentContextId);
  leave();
}

/** The VM has started. Spec: #proxy_on_vm_start */
export function proxy_on_vm_start(pluginContextId: u32, configurationSize: u32): u32 {
  enterCallback();
  refreshLogLevel();
  const accepted = pluginOf(pluginContextId).onVmStart(configurationSize);
  leave();
  return accepted ? 1 : 0;
}

/** A configuration is there. Spec: #proxy_on_configure */
export function proxy_on_configure(pluginContextId: u32, configurationSize: u32): u32 {
  enterCallback();
  refreshLogLevel();
  const accepted = pluginOf(pluginContextId).onConfigure(configurationSize);
  leave();
  return accepted ? 1 : 0;
}

/** A context is forgotten. Spec: #proxy_on_delete */
export function proxy_on_delete(contextId: u32): void {
  enterCallback();
  deleteContext(contextId);
  leave();
}
