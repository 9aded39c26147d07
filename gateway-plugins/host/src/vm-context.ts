import { StreamType, Status } from './abi.js';
import { Context } from './context.js';

/** The context of the module's own start, `_initialize` and `main`. Its id is 0. */
export class VmContext extends Context {
  override readonly plugin = null;
  override readonly info = null;

  override mutableMap(): null {
    return null;
  }

  continueStream(streamType: number): number {
    return streamType === StreamType.Upstream ? Status.Unimplemented : Status.Ok;
  }

  closeStream(): number {
    return Status.Ok;
  }

  sendLocalResponse(): void {
    // No request, nothing to answer: Envoy says Ok.
  }
}
