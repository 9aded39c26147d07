import { CallHandler } from './call-handler';

/** A call without an answer yet. */
export class PendingCall {
  constructor(
    public contextId: u32,
    public pluginId: u32,
    public handler: CallHandler,
    /** A unary gRPC call: its message is the last callback when it succeeds. */
    public unary: bool,
  ) {}
}

/** The calls in flight of one kind, by call id. */
export class PendingCalls {
  private calls: Map<u32, PendingCall> = new Map<u32, PendingCall>();

  add(callId: u32, call: PendingCall): void {
    this.calls.set(callId, call);
  }

  find(callId: u32): PendingCall | null {
    return this.calls.has(callId) ? this.calls.get(callId) : null;
  }

  remove(callId: u32): void {
    this.calls.delete(callId);
  }

  /** Forgets the calls of a plugin context that is gone: Envoy cancels them without a callback. */
  removeOfPlugin(pluginId: u32): void {
    const ids = this.calls.keys();
    for (let i = 0; i < ids.length; i++) {
      if (this.calls.get(ids[i]).pluginId == pluginId) this.calls.delete(ids[i]);
    }
  }

  get size(): i32 {
    return this.calls.size;
  }
}

// HTTP and gRPC call ids are counted apart in some hosts.
export const httpCalls = new PendingCalls();
export const grpcCalls = new PendingCalls();
