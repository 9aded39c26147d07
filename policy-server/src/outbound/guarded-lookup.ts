import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { forbiddenAddress } from '../translate/addresses.js';

/** Resolves a name to all its addresses. */
export type Resolve = (
  name: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** The resolver of the operating system. */
export const systemResolve: Resolve = (name, callback) => {
  systemLookup(name, { all: true }, (error, addresses: LookupAddress[] | undefined) => {
    // Beside an error there are none, whatever the types say.
    callback(error, addresses ?? []);
  });
};

/** A name leads to an address that no upstream may have. */
export class ForbiddenAddress extends Error {
  readonly why: string;

  constructor(why: string) {
    super('the name leads to a forbidden address');
    this.why = why;
  }
}

/** Why no upstream may be at this address as a resolver gives it, or null. */
function forbiddenResolved({ address, family }: LookupAddress): string | null {
  if (family === 4) return forbiddenAddress(address, 'ipv4');
  // A zone only ever stands on link-local addresses.
  if (address.includes('%')) return forbiddenAddress('[fe80::1]', 'ipv6');
  return forbiddenAddress(new URL(`http://[${address}]/`).hostname, 'ipv6');
}

/**
 * A lookup for sockets that refuses names which lead to a forbidden address. It is the very lookup of the connection,
 * so a name that is resolved anew cannot lead elsewhere. One forbidden address among several is enough.
 */
export function guardedLookup(resolve: Resolve = systemResolve): LookupFunction {
  return (name, options, callback) => {
    resolve(name, (error, addresses) => {
      const first = addresses[0];
      if (error !== null || first === undefined) {
        const missing = Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
        callback(error ?? missing, '', 0);
        return;
      }
      const why = addresses.map(forbiddenResolved).find((reason) => reason !== null) ?? null;
      if (why !== null) callback(new ForbiddenAddress(why), '', 0);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}
