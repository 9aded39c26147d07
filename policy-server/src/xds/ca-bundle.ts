import { access, constants, rename, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';

/** Where operating systems keep the certificates they trust. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The file of certificates that upstreams are verified against: the machine's own, or, where there is none, those that
 * Node ships, written to `fallbackPath`.
 */
export async function findCaBundle(
  fallbackPath: string,
  candidates: readonly string[] = BUNDLES,
): Promise<string> {
  for (const candidate of candidates) {
    if (await isReadable(candidate)) return candidate;
  }
  const partial = `${fallbackPath}.new`;
  await writeFile(partial, `${rootCertificates.join('\n')}\n`, { mode: 0o644 });
  await rename(partial, fallbackPath);
  return fallbackPath;
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
