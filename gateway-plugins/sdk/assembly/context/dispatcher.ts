import { logAt, refreshLogLevel } from '../hostcalls/log';
import { setEffectiveContext } from '../hostcalls/context';
import { getProperty } from '../hostcalls/property';
import { LogLevel } from '../types';
import { CallHandler } from './call-handler';
import { Context } from './context';
import { leaveCallback } from './collector';
import { grpcCalls, httpCalls, PendingCall, PendingCalls } from './pending-calls';
import { PluginContext } from './plugin-context';
import { StreamContext } from './stream-context';

/** Makes the plugin context of a new configuration. */
export type PluginFactory = () => PluginContext;

/** The same as an object, for a factory that needs state. */
export abstract class PluginMaker {
  abstract make(): PluginContext;
}

class FunctionMaker extends PluginMaker {
  constructor(private factory: PluginFactory) {
    super();
  }
  make(): PluginContext {
    const factory = this.factory;
    return factory();
  }
}

// Typed maps, so that the garbage collector sees every live context.
const makers = new Map<string, PluginMaker>();
const plugins = new Map<u32, PluginContext>();
const streams = new Map<u32, StreamContext>();
// Streams whose plugin context wants none of their callbacks.
const idle = new Set<u32>();
let created: u32 = 0;
let active: StreamContext | null = null;
let activePlugin: PluginContext | null = null;

/**
 * Says how to make the plugin context; call it once, at the top level of the module. A module may hold several plugins
 * that `root_id` of their configuration tells apart.
 */
export function registerPlugin(factory: PluginFactory, rootId: string = ''): void {
  registerMaker(new FunctionMaker(factory), rootId);
}

/** registerPlugin() with an object. */
export function registerMaker(maker: PluginMaker, rootId: string = ''): void {
  if (makers.has(rootId)) throw new Error('a plugin with this root_id is registered already');
  makers.set(rootId, maker);
}

function makerOfHost(): PluginMaker {
  if (makers.size == 1) return makers.values()[0];
  const rootId = getProperty(['plugin_root_id']).or('');
  if (!makers.has(rootId)) throw new Error('no plugin is registered for this root_id');
  return makers.get(rootId);
}

/** Makes a context for proxy_on_context_create. */
export function createContext(id: u32, parentId: u32): void {
  if (plugins.has(id) || streams.has(id) || idle.has(id)) throw new Error('context id is in use');
  if (parentId == 0) {
    const plugin = makerOfHost().make();
    plugin.id = id;
    plugin.pluginId = id;
    plugins.set(id, plugin);
    return;
  }
  if ((++created & 255) == 0) refreshLogLevel();
  const stream = pluginOf(parentId).createStreamContext();
  if (stream == null) {
    idle.add(id);
    return;
  }
  stream.id = id;
  stream.pluginId = parentId;
  streams.set(id, stream);
}

/** The plugin context with that number; a host that calls for another is broken, and the VM must not go on. */
export function pluginOf(id: u32): PluginContext {
  if (!plugins.has(id)) throw new Error('unknown plugin context');
  const plugin = plugins.get(id);
  activePlugin = plugin;
  return plugin;
}

/** The stream with that number, or null when its plugin wants no stream callbacks. */
export function streamOf(id: u32): StreamContext | null {
  if (streams.has(id)) {
    active = streams.get(id);
    return active;
  }
  active = null;
  if (!idle.has(id)) throw new Error('unknown stream context');
  return null;
}

/** The stream whose callback is running, or the one that made the call whose answer is being handled. */
export function activeStream(): StreamContext | null {
  return active;
}

/** The context whose callback is running; null outside of callbacks. */
export function activeContext(): Context | null {
  return active != null ? active : activePlugin;
}

/** Runs onDone of a context. */
export function contextDone(id: u32): bool {
  if (plugins.has(id)) return plugins.get(id).onDone();
  const stream = streamOf(id);
  return stream == null ? true : stream.onDone();
}

/** Runs onLog of a context. */
export function contextLog(id: u32): void {
  if (plugins.has(id)) plugins.get(id).onLog();
  else {
    const stream = streamOf(id);
    if (stream != null) stream.onLog();
  }
}

/** Runs onDelete of a context and forgets it. */
export function deleteContext(id: u32): void {
  if (plugins.has(id)) {
    plugins.get(id).onDelete();
    plugins.delete(id);
    httpCalls.removeOfPlugin(id);
    grpcCalls.removeOfPlugin(id);
    return;
  }
  const stream = streamOf(id);
  if (stream != null) stream.onDelete();
  active = null;
  streams.delete(id);
  idle.delete(id);
}

/**
 * The handler of a call's answer, with its context made the effective one; null when nobody waits for it any more. The
 * host calls with the plugin context, whoever made the call.
 */
export function handlerOf(calls: PendingCalls, pluginId: u32, callId: u32): CallHandler | null {
  active = null;
  const call: PendingCall | null = calls.find(callId);
  if (call == null) return null;
  if (call.contextId == pluginId) {
    activePlugin = pluginOf(pluginId);
    return call.handler;
  }
  if (!streams.has(call.contextId)) {
    calls.remove(callId);
    return null;
  }
  const outcome = setEffectiveContext(call.contextId);
  if (!outcome.ok) {
    logAt(LogLevel.Warn).status('status', outcome.status).write('stream of a call is gone');
    calls.remove(callId);
    return null;
  }
  active = streams.get(call.contextId);
  return call.handler;
}

/** Ends a callback. */
export function leave(): void {
  active = null;
  activePlugin = null;
  leaveCallback(plugins.size + streams.size);
}

/** Number of live plugin contexts, stream contexts and calls in flight, for tests of leaks. */
export function liveCount(): i32 {
  return plugins.size + streams.size + idle.size + httpCalls.size + grpcCalls.size;
}
