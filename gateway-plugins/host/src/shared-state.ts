import { Status } from './abi.js';

interface Queue {
  readonly token: number;
  readonly items: Uint8Array[];
  notify: (token: number) => void;
}

/** Shared data and queues of one process, by VM id. Hosts of the same process share one object. */
export class SharedState {
  readonly #data = new Map<string, Map<string, { value: Uint8Array; cas: number }>>();
  readonly #queues = new Map<string, Queue>();
  readonly #byToken = new Map<number, Queue>();
  #nextCas = 1;
  #nextToken = 1;

  get(vmId: string, key: string): { readonly value: Uint8Array; readonly cas: number } | undefined {
    return this.#data.get(vmId)?.get(key);
  }

  /** A `cas` of 0 writes without a check; so does a key that does not exist yet. */
  set(vmId: string, key: string, value: Uint8Array, cas: number): Status {
    const map = this.#data.get(vmId) ?? new Map<string, { value: Uint8Array; cas: number }>();
    this.#data.set(vmId, map);
    const existing = map.get(key);
    if (existing !== undefined && cas !== 0 && cas !== existing.cas) return Status.CasMismatch;
    map.set(key, { value, cas: this.#nextCas++ });
    return Status.Ok;
  }

  registerQueue(vmId: string, name: string, notify: (token: number) => void): number {
    const key = JSON.stringify([vmId, name]);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { token: this.#nextToken++, items: [], notify };
      this.#queues.set(key, queue);
      this.#byToken.set(queue.token, queue);
    }
    queue.notify = notify;
    return queue.token;
  }

  resolveQueue(vmId: string, name: string): number | undefined {
    return this.#queues.get(JSON.stringify([vmId, name]))?.token;
  }

  enqueue(token: number, value: Uint8Array): Status {
    const queue = this.#byToken.get(token);
    if (queue === undefined) return Status.NotFound;
    queue.items.push(value);
    queue.notify(token);
    return Status.Ok;
  }

  /** Undefined: no such queue. Null: the queue is empty. */
  dequeue(token: number): Uint8Array | null | undefined {
    const queue = this.#byToken.get(token);
    return queue === undefined ? undefined : (queue.items.shift() ?? null);
  }
}
