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

/** Where a second request would be a second order. */
export const SAFE_RETRIES: EnvoyMessage = {
  retry_on: UNSEEN,
  num_retries: wrapped(SAFE_RETRIES_MAX),
  retry_back_off: BACK_OFF,
};

/** https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto#config-route-v3-retrypolicy */
export function renderRetries(attempts: Attempts): EnvoyMessage {
  const { statuses, further, others, firstByteMs } = attempts;
  return {
    ...(statuses === null
      ? { retry_on: UNSEEN, retry_back_off: BACK_OFF }
      : renderFailures(attempts, statuses)),
    num_retries: wrapped(further),
    ...(others === null ? {} : otherTargets(others)),
    // Not with a per_try_idle_timeout: Envoy stops that one when this one comes, answer or not.
    ...(firstByteMs === null ? {} : { per_try_timeout: seconds(firstByteMs / 1000) }),
  };
}

function renderFailures({ others }: Attempts, statuses: readonly number[]): EnvoyMessage {
  const isAlone = others === null;
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

function otherTargets({ perPriority, turns }: NonNullable<Attempts['others']>): EnvoyMessage {
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
    // Envoy draws by weight until it draws a target that was not tried.
    host_selection_retry_max_attempts: turns,
  };
}
