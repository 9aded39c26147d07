/** Lets one loop sleep until something happens. */
export class Wakeup {
  #pending = false;
  #ended = false;
  #waiting: (() => void) | null = null;

  /** Ends the wait that goes on, or else the next one before it begins. */
  wake(): void {
    this.#pending = true;
    this.#waiting?.();
  }

  /** Ends all waiting, now and later. */
  end(): void {
    this.#ended = true;
    this.#waiting?.();
  }

  /** Waits until it is woken, and then for `coalesceMs` more; at most for `timeoutMs`. */
  async wait(timeoutMs: number, coalesceMs: number): Promise<void> {
    await this.#sleep(timeoutMs, () => this.#pending);
    if (this.#pending) await this.sleep(coalesceMs);
    this.#pending = false;
  }

  /** Waits for `timeoutMs`, whoever wakes it. */
  sleep(timeoutMs: number): Promise<void> {
    return this.#sleep(timeoutMs, () => false);
  }

  #sleep(timeoutMs: number, isOver: () => boolean): Promise<void> {
    if (this.#ended || isOver()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting = null;
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#waiting = () => {
        if (this.#ended || isOver()) finish();
      };
    });
  }
}
