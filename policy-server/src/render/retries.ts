import type { Attempts } from '../translate/state.js';
import { any, type EnvoyMessage, seconds, wrapped } from './json.js';
import { LONGEST_WAIT_SECONDS } from './retry-after.js';

/** Failures before the upstream can have seen the request. */
const UNSEEN = 'connect-failure,refused-stream,reset-before-request';
/** Any failure before the first byte of an answer; Envoy never tries again after that. */
const FAILED = 'connect-failure,refused-stream,reset';
const STATUS = 'retriable-status-codes';
/** A 429 of an upstream that is an Envoy too, which otherwise would be final. */
const RATE_LIMITED = 'envoy-ratelimited';

const SAFE_RETRIES_MAX = 2;
const BACK_OFF = { base_interval: seconds(0.025), max_interval: seconds(0.25) };
/** Another target need not be spared. */
const AT_ONCE = { base_interval: seconds(0.001), max_interval: seconds(0.001) };
/** The same target, which is busy or failed. */
const PATIENT = { base_interval: seconds(0.5), max_interval: seconds(5) };

/** Looks for a target that was not tried: with very unequal weights a light one comes up seldom. */
const HOST_SELECTIONS = 100;
/** Beyond what attempts and waits between them take, so that they and not this end a request. */
const IDLE_SLACK_SECONDS = 30;

/** Where a second request would be a second order. */
export const SAFE_RETRIES: EnvoyMessage = {
  retry_on: UNSEEN,
  num_retries: wrapped(SAFE_RETRIES_MAX),
  retry_back_off: BACK_OFF,
};

/** https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto#config-route-v3-retrypolicy */
export function renderRetries(attempts: Attempts): EnvoyMessage {
  const { statuses, further, perPriority, firstByteMs, silenceMs } = attempts;
  return {
    ...(statuses === null
      ? { retry_on: UNSEEN, retry_back_off: BACK_OFF }
      : renderFailures(attempts, statuses)),
    num_retries: wrapped(further),
    ...(perPriority === null ? {} : otherTargets(perPriority)),
    // Silence before the first byte ends an attempt too, so that it is never shorter than the wait for that byte.
    ...(firstByteMs === null
      ? {}
      : { per_try_timeout: seconds(firstByteMs / 1000), per_try_idle_timeout: seconds(silenceMs / 1000) }),
  };
}

function renderFailures({ perPriority }: Attempts, statuses: readonly number[]): EnvoyMessage {
  const isAlone = perPriority === null;
  const byStatus = statuses.length === 0 ? [] : [STATUS];
  const byEnvoy = !isAlone && statuses.includes(429) ? [RATE_LIMITED] : [];
  return {
    retry_on: [FAILED, ...byStatus, ...byEnvoy].join(','),
    ...(statuses.length === 0 ? {} : { retriable_status_codes: [...statuses] }),
    retry_back_off: isAlone ? PATIENT : AT_ONCE,
    ...(isAlone ? { rate_limited_retry_back_off: AS_ASKED } : {}),
  };
}

const AS_ASKED: EnvoyMessage = {
  reset_headers: [{ name: 'retry-after', format: 'SECONDS' }],
  max_interval: seconds(LONGEST_WAIT_SECONDS),
};

function otherTargets(perPriority: number): EnvoyMessage {
  return {
    retry_priority: {
      name: 'envoy.retry_priorities.previous_priorities',
      typed_config: {
        ...any('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig'),
        update_frequency: perPriority,
      },
    },
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: any('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
      },
    ],
    host_selection_retry_max_attempts: HOST_SELECTIONS,
  };
}

/** After how long without a byte in either direction the whole request is over. */
export function idleSeconds({ further, firstByteMs, silenceMs }: Attempts): number {
  if (firstByteMs === null) return silenceMs / 1000;
  const attempts = ((further + 1) * firstByteMs) / 1000 + further * LONGEST_WAIT_SECONDS;
  return Math.ceil(Math.max(silenceMs / 1000, attempts)) + IDLE_SLACK_SECONDS;
}
