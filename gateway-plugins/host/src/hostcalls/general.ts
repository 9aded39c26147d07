import { LogLevel, Status } from '../abi.js';
import { runForeignFunction } from '../foreign-functions.js';
import { readProperty, writeProperty } from '../properties.js';
import type { HostcallTable } from './table.js';

export const generalHostcalls: HostcallTable<
  | 'proxy_log'
  | 'proxy_get_log_level'
  | 'proxy_get_status'
  | 'proxy_get_property'
  | 'proxy_set_property'
  | 'proxy_set_tick_period_milliseconds'
  | 'proxy_get_current_time_nanoseconds'
  | 'proxy_set_effective_context'
  | 'proxy_done'
  | 'proxy_call_foreign_function'
> = {
  proxy_log(vm, level: number, message: number, size: number) {
    if (level >>> 0 > LogLevel.Critical) return Status.BadArgument;
    const text = Buffer.from(vm.memory.bytes(message, size, 'message')).toString('utf8');
    vm.host.log(vm, level as LogLevel, text);
    return Status.Ok;
  },

  proxy_get_log_level(vm, levelOut: number) {
    vm.memory.writeU32(levelOut, vm.host.logLevel, 'address of the returned level');
    return Status.Ok;
  },

  proxy_get_status(vm, codeOut: number, messageOut: number, sizeOut: number) {
    const received = vm.effective.plugin?.received;
    vm.memory.writeU32(codeOut, received?.statusCode ?? 0, 'address of the returned code');
    vm.returnText(received?.statusMessage ?? '', messageOut, sizeOut);
    return Status.Ok;
  },

  proxy_get_property(vm, path: number, pathSize: number, valueOut: number, sizeOut: number) {
    const value = readProperty(vm.effective, vm.memory.text(path, pathSize, 'property path'));
    if (typeof value === 'number') return value;
    vm.returnBytes(value, valueOut, sizeOut);
    return Status.Ok;
  },

  proxy_set_property(vm, path: number, pathSize: number, value: number, valueSize: number) {
    const name = vm.memory.text(path, pathSize, 'property path');
    return writeProperty(vm.effective, name, vm.memory.bytes(value, valueSize, 'property value'));
  },

  proxy_set_tick_period_milliseconds(vm, periodMs: number) {
    vm.effective.plugin?.setTickPeriod(periodMs >>> 0);
    return Status.Ok;
  },

  proxy_get_current_time_nanoseconds(vm, timeOut: number) {
    vm.memory.writeU64(timeOut, vm.host.clock.realtimeNs, 'address of the returned time');
    return Status.Ok;
  },

  proxy_set_effective_context(vm, id: number) {
    return vm.setEffectiveContext(id >>> 0) ? Status.Ok : Status.BadArgument;
  },

  proxy_done(vm) {
    return vm.effective.plugin?.finishPending() ?? Status.NotFound;
  },

  proxy_call_foreign_function(
    vm,
    name: number,
    nameSize: number,
    argument: number,
    argumentSize: number,
    resultOut: number,
    sizeOut: number,
  ) {
    const functionName = vm.memory.text(name, nameSize, 'function name');
    const input = vm.memory.bytes(argument, argumentSize, 'argument');
    const found = runForeignFunction(vm, functionName, input);
    if (found === null) return Status.NotFound;
    // Envoy stores an address and a size also when the function failed or has no result.
    if (resultOut !== 0 && sizeOut !== 0)
      vm.returnBytes(found.result ?? new Uint8Array(0), resultOut, sizeOut);
    return found.status;
  },
};
