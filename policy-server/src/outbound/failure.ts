/** Why a call got no answer. Stable codes; hints are the caller's, who knows what the call was for. */
export type FailureCode =
  | 'dns-not-found'
  | 'dns-failed'
  | 'address-forbidden'
  | 'connection-refused'
  | 'connection-reset'
  | 'network-unreachable'
  | 'timeout'
  | 'tls-unknown-ca'
  | 'tls-expired'
  | 'tls-not-yet-valid'
  | 'tls-wrong-host'
  | 'tls-failed'
  | 'answer-too-large'
  | 'answer-malformed'
  | 'connection-failed';

/** A call that got no answer. */
export interface Failure {
  readonly code: FailureCode;
  /** The error code of the operating system or of TLS, or what was wrong; never a part of the request. */
  readonly detail: string;
}

/** Error codes of Node (https://nodejs.org/api/errors.html) and of OpenSSL's verification, in our words. */
const CODES: Readonly<Record<string, FailureCode>> = {
  ENOTFOUND: 'dns-not-found',
  EAI_NONAME: 'dns-not-found',
  EAI_NODATA: 'dns-not-found',
  ENODATA: 'dns-not-found',
  EAI_AGAIN: 'dns-failed',
  EAI_FAIL: 'dns-failed',
  ETIMEOUT: 'dns-failed',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-reset',
  EPIPE: 'connection-reset',
  EHOSTUNREACH: 'network-unreachable',
  ENETUNREACH: 'network-unreachable',
  EADDRNOTAVAIL: 'network-unreachable',
  ETIMEDOUT: 'timeout',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-unknown-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-unknown-ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-unknown-ca',
  CERT_UNTRUSTED: 'tls-unknown-ca',
  CERT_SIGNATURE_FAILURE: 'tls-unknown-ca',
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-wrong-host',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What an error of a connection means. Its message is not kept: it may repeat a name or a header. */
export function failureOf(error: unknown): Failure {
  // Several addresses were tried: the first error is as good as any.
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  const code = codeOf(error);
  const known = CODES[code];
  if (known !== undefined) return { code: known, detail: code };
  if (code.startsWith('HPE_')) return { code: 'answer-malformed', detail: code };
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO') {
    return { code: 'tls-failed', detail: code };
  }
  return { code: 'connection-failed', detail: code === '' ? 'unknown' : code };
}
