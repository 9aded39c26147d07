import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  boolean,
  der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.js';

/** A private key and certificate in PEM, as node:tls and Envoy take them. */
export interface ServerCertificate {
  readonly key: string;
  /** The leaf only: the authority itself is what clients trust. */
  readonly cert: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses of the server. Default: `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
  /** Default: one day ago. */
  readonly notBefore?: Date;
  /** Default: in 30 days. */
  readonly notAfter?: Date;
}

/** A throw-away certificate authority that lives in memory. Node reads X.509 but does not write it. */
export interface CertificateAuthority {
  /** The authority's own certificate in PEM: what `caCertificates` of a provider takes. */
  readonly cert: string;
  issue(options?: CertificateOptions): ServerCertificate;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const KEY_CERT_SIGN = bitString(Buffer.from([0x04]), 2);
const DIGITAL_SIGNATURE = bitString(Buffer.from([0x80]), 7);

export function createCertificateAuthority(commonName = 'hiclaw test authority'): CertificateAuthority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = {
    name: distinguishedName(commonName),
    keyId: keyIdentifier(keys.publicKey),
    key: keys.privateKey,
  };
  const cert = certify(issuer, issuer.name, keys.publicKey, {}, [
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.15', true, KEY_CERT_SIGN),
  ]);
  return {
    cert,
    issue: (options = {}) => {
      const names = options.names ?? ['localhost', '127.0.0.1'];
      const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const leafCert = certify(issuer, distinguishedName(names[0] ?? 'server'), leaf.publicKey, options, [
        extension('2.5.29.19', true, sequence()),
        extension('2.5.29.15', true, DIGITAL_SIGNATURE),
        extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
        extension('2.5.29.17', false, sequence(...names.map(subjectAltName))),
      ]);
      return { key: leaf.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), cert: leafCert };
    },
  };
}

interface Issuer {
  readonly name: Buffer;
  readonly keyId: Buffer;
  readonly key: KeyObject;
}

/** RFC 5280 §4.1: the certificate's fields, signed. */
function certify(
  issuer: Issuer,
  subject: Buffer,
  publicKey: KeyObject,
  validity: CertificateOptions,
  extensions: readonly Buffer[],
): string {
  const now = Date.now();
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    issuer.name,
    sequence(
      utcTime(validity.notBefore ?? new Date(now - DAY_MS)),
      utcTime(validity.notAfter ?? new Date(now + 30 * DAY_MS)),
    ),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(
      0xa3,
      sequence(
        extension('2.5.29.14', false, octetString(keyIdentifier(publicKey))),
        extension('2.5.29.35', false, sequence(der(0x80, issuer.keyId))),
        ...extensions,
      ),
    ),
  );
  const certificate = sequence(
    toBeSigned,
    ECDSA_WITH_SHA256,
    bitString(sign('sha256', toBeSigned, issuer.key)),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return critical
    ? sequence(objectIdentifier(id), boolean(true), octetString(value))
    : sequence(objectIdentifier(id), octetString(value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))));
}

function subjectAltName(name: string): Buffer {
  return isIP(name) === 4
    ? der(0x87, Buffer.from(name.split('.').map(Number)))
    : der(0x82, Buffer.from(name, 'ascii'));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
}
