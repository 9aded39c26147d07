import type { PluginName } from '../render/names.js';

/** More VMs than this at a time are not a gateway of ours. */
const MAX_VMS = 4096;

/** Which policy version each VM of one gateway process said it runs. */
export class Confirmations {
  readonly #byPlugin = new Map<PluginName, Map<string, bigint>>();

  add(plugin: PluginName, vm: string, version: bigint): void {
    let vms = this.#byPlugin.get(plugin);
    if (vms === undefined) {
      vms = new Map();
      this.#byPlugin.set(plugin, vms);
    }
    // Again at the end, so that the VMs that were silent longest are forgotten first.
    vms.delete(vm);
    vms.set(vm, version);
    if (vms.size > MAX_VMS) {
      const [oldest = ''] = vms.keys();
      vms.delete(oldest);
    }
  }

  /** Number of VMs that run exactly this version. */
  count(plugin: PluginName, version: bigint): number {
    let count = 0;
    for (const confirmed of this.#byPlugin.get(plugin)?.values() ?? []) if (confirmed === version) count++;
    return count;
  }

  /** Forgets the VMs of a process that is gone. */
  clear(): void {
    this.#byPlugin.clear();
  }
}
