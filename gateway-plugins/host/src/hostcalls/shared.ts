import { Status } from '../abi.js';
import type { HostcallTable } from './table.js';

export const sharedHostcalls: HostcallTable<
  | 'proxy_get_shared_data'
  | 'proxy_set_shared_data'
  | 'proxy_register_shared_queue'
  | 'proxy_resolve_shared_queue'
  | 'proxy_enqueue_shared_queue'
  | 'proxy_dequeue_shared_queue'
> = {
  proxy_get_shared_data(vm, key: number, keySize: number, valueOut: number, sizeOut: number, casOut: number) {
    const found = vm.host.shared.get(vm.vmId, vm.memory.text(key, keySize, 'key'));
    if (found === undefined) return Status.NotFound;
    vm.returnBytes(found.value, valueOut, sizeOut);
    vm.memory.writeU32(casOut, found.cas, 'address of the returned cas');
    return Status.Ok;
  },

  proxy_set_shared_data(vm, key: number, keySize: number, value: number, valueSize: number, cas: number) {
    const name = vm.memory.text(key, keySize, 'key');
    return vm.host.shared.set(vm.vmId, name, vm.memory.bytes(value, valueSize, 'value'), cas >>> 0);
  },

  proxy_register_shared_queue(vm, name: number, nameSize: number, tokenOut: number) {
    const queue = vm.memory.text(name, nameSize, 'queue name');
    const { plugin } = vm.effective;
    const token = vm.host.shared.registerQueue(vm.vmId, queue, (ready) => {
      plugin?.queueReady(ready);
    });
    vm.memory.writeU32(tokenOut, token, 'address of the returned queue id');
    return Status.Ok;
  },

  proxy_resolve_shared_queue(
    vm,
    vmId: number,
    vmIdSize: number,
    name: number,
    nameSize: number,
    tokenOut: number,
  ) {
    const owner = vm.memory.text(vmId, vmIdSize, 'VM id');
    const queue = vm.memory.text(name, nameSize, 'queue name');
    const token = vm.host.shared.resolveQueue(owner === '' ? vm.vmId : owner, queue);
    if (token === undefined) return Status.NotFound;
    vm.memory.writeU32(tokenOut, token, 'address of the returned queue id');
    return Status.Ok;
  },

  proxy_enqueue_shared_queue(vm, token: number, value: number, valueSize: number) {
    return vm.host.shared.enqueue(token >>> 0, vm.memory.bytes(value, valueSize, 'value'));
  },

  proxy_dequeue_shared_queue(vm, token: number, valueOut: number, sizeOut: number) {
    const value = vm.host.shared.dequeue(token >>> 0);
    if (value === undefined) return Status.NotFound;
    if (value === null) return Status.Empty;
    vm.returnBytes(value, valueOut, sizeOut);
    return Status.Ok;
  },
};
