import type { Recall, Speaker } from './lease-wire.js';

/** More VMs than this are not gateways of ours. */
const MAX_POLLS = 4096;
/** What waits for a process that does not ask. */
const MAX_PENDING = 1024;
/** A VM that got an answer asks again within this time. */
const BETWEEN_POLLS_MS = 1000;

interface Poll extends Speaker {
  readonly answer: (recalls: readonly Recall[]) => void;
}

/** The plugins' open questions whether anything is asked of them: one per VM, and any VM can speak for its process. */
export class RecallPolls {
  /** By VM; the longest waiting first. */
  readonly #polls = new Map<string, Poll>();
  /** By process: what is to be asked as soon as one of its VMs asks again. */
  readonly #pending = new Map<string, Map<string, Recall>>();
  /** By process: when one of its VMs last got an answer and was free to ask again, milliseconds since the Unix epoch. */
  readonly #answeredAtMs = new Map<string, number>();

  /**
   * A VM waits for recalls; a question that it has open already is answered with nothing.
   *
   * @param answer is called once, at the latest by `end`
   */
  wait(speaker: Speaker, nowMs: number, answer: (recalls: readonly Recall[]) => void): void {
    this.end(speaker.vm);
    const pending = this.#pending.get(speaker.boot);
    this.#pending.delete(speaker.boot);
    if (pending !== undefined) {
      this.#answeredAtMs.set(speaker.boot, nowMs);
      answer([...pending.values()]);
      return;
    }
    this.#polls.set(speaker.vm, { ...speaker, answer });
    const [oldest = ''] = this.#polls.keys();
    if (this.#polls.size > MAX_POLLS) this.end(oldest);
  }

  /** The VM does not wait any more; a question that it asked since stays open. */
  leave(vm: string, answer: Poll['answer']): void {
    if (this.#polls.get(vm)?.answer === answer) this.#polls.delete(vm);
  }

  /** Answers a VM's question with nothing, if it has one open. */
  end(vm: string): void {
    const poll = this.#polls.get(vm);
    this.#polls.delete(vm);
    poll?.answer([]);
  }

  endAll(): void {
    for (const vm of [...this.#polls.keys()]) this.end(vm);
    this.#pending.clear();
  }

  /**
   * Asks something of a process: now when one of its VMs waits, else when one does.
   *
   * @returns whether it is likely to hear that soon
   */
  send(boot: string, recall: Recall, nowMs: number): boolean {
    for (const [vm, poll] of this.#polls) {
      if (poll.boot !== boot) continue;
      this.#polls.delete(vm);
      this.#answeredAtMs.set(boot, nowMs);
      poll.answer([recall]);
      return true;
    }
    const pending = this.#pending.get(boot) ?? new Map<string, Recall>();
    const soon = nowMs - (this.#answeredAtMs.get(boot) ?? -Infinity) < BETWEEN_POLLS_MS;
    if (pending.size >= MAX_PENDING) return soon;
    const key = `${recall.consumer} ${recall.meter}`;
    // To give is more than to say.
    if (pending.get(key)?.wish !== 'give') pending.set(key, recall);
    this.#pending.set(boot, pending);
    return soon;
  }

  /** Forgets a process that is gone. */
  forget(boot: string): void {
    this.#pending.delete(boot);
    this.#answeredAtMs.delete(boot);
    for (const [vm, poll] of [...this.#polls]) if (poll.boot === boot) this.end(vm);
  }
}
