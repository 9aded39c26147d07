/** Envoy would refuse this module: not wasm, another ABI, an unknown hostcall, a wrong signature. */
export class ModuleRejected extends Error {
  override readonly name = 'ModuleRejected';
}

/** The VM trapped, or was used after a trap. In Envoy the stream fails and the VM is replaced. */
export class VmFailure extends Error {
  override readonly name = 'VmFailure';
}

/** The plugin broke the ABI in a way which Envoy answers with a status, or with undefined behaviour. Strict hosts only. */
export class AbiViolation extends Error {
  override readonly name = 'AbiViolation';
}

/** The test drives a context in a way no host would, such as a body before the headers. */
export class HostMisuse extends Error {
  override readonly name = 'HostMisuse';
}
