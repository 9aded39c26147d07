import { Status } from '../abi.js';
import type { HostcallTable } from './table.js';

export const metricHostcalls: HostcallTable<
  'proxy_define_metric' | 'proxy_increment_metric' | 'proxy_record_metric' | 'proxy_get_metric'
> = {
  proxy_define_metric(vm, type: number, name: number, nameSize: number, idOut: number) {
    const id = vm.metricHandles.define(type >>> 0, vm.memory.text(name, nameSize, 'metric name'));
    if (id === null) return Status.BadArgument;
    vm.memory.writeU32(idOut, id, 'address of the returned metric id');
    return Status.Ok;
  },

  proxy_increment_metric(vm, id: number, offset: bigint) {
    return vm.metricHandles.increment(id >>> 0, offset);
  },

  proxy_record_metric(vm, id: number, value: bigint) {
    return vm.metricHandles.record(id >>> 0, value);
  },

  proxy_get_metric(vm, id: number, valueOut: number) {
    const value = vm.metricHandles.get(id >>> 0);
    if (typeof value === 'number') return value;
    vm.memory.writeU64(valueOut, value, 'address of the returned value');
    return Status.Ok;
  },
};
