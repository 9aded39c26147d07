// Memory that the host asks the plugin for, and scratch memory for the length of one callback.
//
// The host returns values by `proxy_on_memory_allocate`: it asks for room, copies a value there and hands over the
// pointer. Here that room comes from a fixed arena which is reset when a callback starts, so nothing is freed one by
// one and nothing can leak. What does not fit goes to the heap and is freed by the same reset.
//
// Ownership:
//  - A pointer from the host or from arenaAllocate() is valid until the next arenaReset(). Copy what must live longer.
//  - arenaTake() turns such a pointer into a heap block of yours (a large block is handed over without a copy); free
//    it with arenaRelease().
//  - Call arenaReset() first thing in a callback that may be the outermost one. Do not call it in proxy_on_done,
//    proxy_on_log and proxy_on_delete: Envoy calls these from within your own proxy_close_stream, whose caller may
//    still hold pointers.
//  - proxy_on_memory_allocate is called from within hostcalls and never resets and never collects garbage.

/** Bytes of the fixed arena. */
export const ARENA_SIZE: usize = 65536;

/** Allocations above this many bytes go to the heap, so that one large value cannot crowd out the small ones. */
export const ARENA_MAX_ALLOCATION: usize = 16384;

// Header before each heap block: next block, previous block, both raw pointers; 16 bytes keep the data aligned.
const LINK: usize = 16;

const arenaBase: usize = memory.data(65536, 16);
let arenaTop: usize = 0;
let heapBlocks: usize = 0;

/** Gives room that is valid until the next arenaReset(), aligned to 8 bytes; 0 when the machine is out of memory. */
export function arenaAllocate(size: usize): usize {
  if (size <= ARENA_MAX_ALLOCATION) {
    const start = arenaTop;
    const end = (start + size + 7) & ~(<usize>7);
    if (end <= ARENA_SIZE) {
      arenaTop = end;
      return arenaBase + start;
    }
  }
  // 0 tells the host that allocation failed; a size near 4 GiB would wrap around.
  if (size > 0x3fffffff) return 0;
  const block = heap.alloc(LINK + size);
  store<usize>(block, heapBlocks);
  store<usize>(block, 0, sizeof<usize>());
  if (heapBlocks != 0) store<usize>(heapBlocks, block, sizeof<usize>());
  heapBlocks = block;
  return block + LINK;
}

/** Ends the life of everything that arenaAllocate() and the host handed out and nobody took. */
export function arenaReset(): void {
  arenaTop = 0;
  let block = heapBlocks;
  heapBlocks = 0;
  while (block != 0) {
    const next = load<usize>(block);
    heap.free(block);
    block = next;
  }
}

/** True when the pointer lies in the fixed arena (and not in a heap block). */
export function arenaContains(pointer: usize): bool {
  return pointer >= arenaBase && pointer < arenaBase + ARENA_SIZE;
}

/**
 * Makes `size` bytes at `pointer` outlive the callback; the caller owns them. The result is a block of its own: give it
 * back with arenaRelease(). A large block from the host is handed over without copying it.
 */
export function arenaTake(pointer: usize, size: usize): usize {
  if (pointer != 0 && !arenaContains(pointer)) {
    const block = pointer - LINK;
    const next = load<usize>(block);
    const previous = load<usize>(block, sizeof<usize>());
    if (previous != 0) store<usize>(previous, next);
    else heapBlocks = next;
    if (next != 0) store<usize>(next, previous, sizeof<usize>());
    return pointer;
  }
  const own = heap.alloc(LINK + size) + LINK;
  memory.copy(own, pointer, size);
  return own;
}

/** Frees what arenaTake() returned; 0 is ignored. */
export function arenaRelease(pointer: usize): void {
  if (pointer != 0) heap.free(pointer - LINK);
}

/** Allocates room for a value that the host is about to hand over. Spec: #proxy_on_memory_allocate */
export function proxy_on_memory_allocate(size: usize): usize {
  return arenaAllocate(size);
}
