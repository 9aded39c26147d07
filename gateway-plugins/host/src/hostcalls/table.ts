import type { HostcallName, WasiName } from '../signatures.js';
import type { Vm } from '../vm.js';

// A method type compares its parameters both ways, so that each hostcall can name its own.
export type Hostcall = { call(vm: Vm, ...args: (number | bigint)[]): number }['call'];
export type HostcallTable<Name extends HostcallName | WasiName> = Readonly<Record<Name, Hostcall>>;
