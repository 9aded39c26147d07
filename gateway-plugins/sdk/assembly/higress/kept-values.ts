// Layout of a managed object before its pointer, as std/assembly/rt/common of AssemblyScript has it.
const NEXT: usize = 16;
const PREVIOUS: usize = 12;
const OVERHEAD: usize = 20;
const COLOR_MASK: usize = 3;

function inHeap(pointer: usize): bool {
  return pointer >= __heap_base && pointer < ((<usize>memory.size()) << 16) - 64;
}

// The collector links all its objects both ways: a number that only looks like a pointer fails this.
function isManaged(pointer: usize): bool {
  if ((pointer & 15) != 0 || pointer < __heap_base + OVERHEAD || !inHeap(pointer)) return false;
  const object = pointer - OVERHEAD;
  const next = load<usize>(pointer - NEXT) & ~COLOR_MASK;
  const previous = load<usize>(pointer - PREVIOUS);
  if (!linkable(next) || !linkable(previous)) return false;
  // Inside an object header the links come 4 and 8 bytes after its start.
  return load<usize>(next, 8) == object && (load<usize>(previous, 4) & ~COLOR_MASK) == object;
}

// The heads of the lists live in static memory.
function linkable(object: usize): bool {
  return object != 0 && (object & 3) == 0 && object < ((<usize>memory.size()) << 16) - 64;
}

/**
 * Values that a plugin keeps under a name as `usize`, as Higress's API has it. When the value is the address of an object,
 * the object is kept alive too; to the garbage collector a bare `usize` would be just a number.
 */
export class KeptValues {
  private values: Map<string, usize> = new Map<string, usize>();
  private objects: Map<string, ArrayBuffer> = new Map<string, ArrayBuffer>();

  set(key: string, value: usize): void {
    this.values.set(key, value);
    // The collector goes by the header of the object, not by the type of the map.
    if (isManaged(value)) this.objects.set(key, changetype<ArrayBuffer>(value));
    else this.objects.delete(key);
  }

  /** 0 when nothing is kept under that name. */
  get(key: string): usize {
    return this.values.has(key) ? this.values.get(key) : 0;
  }
}
