import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { copyBytes, encodeText, lastLength } from '../text';
import { Status } from '../types';

/**
 * A queue between VMs. Items wake `onQueueReady` of the plugin context that registered the queue last, on its own worker
 * thread.
 */
export class SharedQueue {
  constructor(public id: u32) {}

  /** Creates the queue of this VM with that name, or opens it, keeping its items. */
  static register(name: string): Result<SharedQueue> {
    const pointer = encodeText(name);
    clearOut();
    const status = proxy_register_shared_queue(pointer, lastLength(), OUT_FIRST);
    if (status != Status.Ok) return failure<SharedQueue>(status, 'proxy_register_shared_queue');
    return success<SharedQueue>(new SharedQueue(outFirst()), 'proxy_register_shared_queue');
  }

  /** Finds a queue that a plugin with that vm_id has registered. `NotFound` when there is none. */
  static resolve(vmId: string, name: string): Result<SharedQueue> {
    const vm = encodeText(vmId);
    const vmLength = lastLength();
    const pointer = encodeText(name);
    clearOut();
    const status = proxy_resolve_shared_queue(vm, vmLength, pointer, lastLength(), OUT_FIRST);
    if (status != Status.Ok) return failure<SharedQueue>(status, 'proxy_resolve_shared_queue');
    return success<SharedQueue>(new SharedQueue(outFirst()), 'proxy_resolve_shared_queue');
  }

  /** Appends an item. */
  enqueue(value: ArrayBuffer): Outcome {
    return outcome(
      proxy_enqueue_shared_queue(this.id, changetype<usize>(value), value.byteLength),
      'proxy_enqueue_shared_queue',
    );
  }

  /** Takes the first item; `Empty` when there is none. */
  dequeue(): Result<ArrayBuffer> {
    clearOut();
    const status = proxy_dequeue_shared_queue(this.id, OUT_FIRST, OUT_SECOND);
    if (status != Status.Ok) return failure<ArrayBuffer>(status, 'proxy_dequeue_shared_queue');
    return success<ArrayBuffer>(copyBytes(outFirst(), outSecond()), 'proxy_dequeue_shared_queue');
  }
}
