import { release } from 'node:os';

/** A machine as far as wheels care. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Such as `2.36`; null where there is none, as with musl. */
  readonly glibc: string | null;
  /** Of the kernel, such as `24.1.0` with macOS 15. */
  readonly release: string;
}

const DARWIN_OF_MACOS_15 = 24;

/** What this process runs on. */
export function thisMachine(): Machine {
  const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: report.header.glibcVersionRuntime ?? null,
    release: release(),
  };
}

/** Whether there is a pinned wheel of Envoy: Linux with glibc ≥ 2.31 on x86-64 and arm64, macOS ≥ 15 on arm64. */
export function hasEnvoyWheel({ platform, arch, glibc, release: kernel }: Machine): boolean {
  if (platform === 'darwin') return arch === 'arm64' && Number.parseInt(kernel, 10) >= DARWIN_OF_MACOS_15;
  const [major = 0, minor = 0] = (glibc ?? '0').split('.').map(Number);
  const newEnough = major > 2 || (major === 2 && minor >= 31);
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64') && newEnough;
}
