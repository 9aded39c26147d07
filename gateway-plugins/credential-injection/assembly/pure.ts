// The parts that call no host, for tests that run them without one. Not part of the plugin.

export { unseal } from './unseal';

export function allocate(size: usize): usize {
  return heap.alloc(size);
}
