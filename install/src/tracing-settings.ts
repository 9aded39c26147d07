import { isAbsolute } from 'node:path';
import { parseOtlpEndpoint } from '@hiclaw/policy-server/bootstrap';
import { GatewayError, readEnvironment } from '@hiclaw/service-kit';

/** Where gateways send spans of the calls that go through them. */
export interface TracingSettings {
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** `service.name` of the spans. */
  readonly service: string;
  /** How many of a hundred traces are kept. */
  readonly percent: number;
  /** PEM file of the certificates that an `https` receiver is verified against; null: the machine's. */
  readonly caFile: string | null;
}

/** Turns tracing off for a home that remembers it. */
const NONE = 'none';
const SERVICE = /^[\x20-\x7e]{1,128}$/;

/**
 * Reads `HICLAW_OTLP_ENDPOINT` and, when there is one, what goes with it. The variables are not OpenTelemetry's own:
 * those may be meant for whatever else runs in the same shell, and the home keeps ours.
 *
 * @throws GatewayError `CONFIG_INVALID` naming the variable
 */
export function tracingSettings(
  environment: Readonly<Record<string, string | undefined>>,
  remembered: TracingSettings | null,
): TracingSettings | null {
  const read = readEnvironment(environment);
  const endpoint = read.text('HICLAW_OTLP_ENDPOINT', remembered?.endpoint ?? NONE);
  if (endpoint === NONE) return null;
  const refuse = (name: string, wanted: string): never => {
    throw new GatewayError('CONFIG_INVALID', `${name} ${wanted}; correct or unset the variable.`);
  };
  try {
    parseOtlpEndpoint(endpoint);
  } catch (error) {
    refuse('HICLAW_OTLP_ENDPOINT', error instanceof RangeError ? error.message : 'is not valid');
  }
  const service = read.text('HICLAW_TRACE_SERVICE', remembered?.service ?? 'hiclaw-gateway');
  if (!SERVICE.test(service)) refuse('HICLAW_TRACE_SERVICE', 'must be 1 to 128 characters of ASCII');
  const caFile = read.text('HICLAW_OTLP_CA_FILE', remembered?.caFile ?? '');
  if (caFile !== '' && !isAbsolute(caFile)) refuse('HICLAW_OTLP_CA_FILE', 'must be an absolute path');
  return {
    endpoint,
    service,
    percent: read.integer('HICLAW_TRACE_PERCENT', remembered?.percent ?? 100, { min: 1, max: 100 }),
    caFile: caFile === '' ? null : caFile,
  };
}
