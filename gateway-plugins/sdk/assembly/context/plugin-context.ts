import { Context } from './context';
import { StreamContext } from './stream-context';

/**
 * One configuration of the plugin, on one worker thread. Envoy makes a new plugin context for each new configuration and
 * deletes the old one when its last stream has ended, so what is kept in fields here can never outlive the configuration
 * it came from. Keep nothing in global variables.
 */
export abstract class PluginContext extends Context {
  /** The VM has started; vmConfiguration holds `size` bytes. False stops the plugin from loading. */
  onVmStart(size: u32): bool {
    return true;
  }

  /**
   * A configuration is there; pluginConfiguration holds `size` bytes. False refuses it: Envoy NACKs the update and keeps
   * the last good configuration, or does not start.
   */
  onConfigure(size: u32): bool {
    return true;
  }

  /** A new stream begins. Null: this plugin takes no part in streams. */
  createStreamContext(): StreamContext | null {
    return null;
  }

  /** The timer of setTickPeriod() went off. */
  onTick(): void {}

  /** The queue has items; another worker may have taken them already. */
  onQueueReady(queueId: u32): void {}

  /** The host called a foreign callback; foreignFunctionArguments holds `size` bytes. */
  onForeignFunction(functionId: u32, size: u32): void {}
}
