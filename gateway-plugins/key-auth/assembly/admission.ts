import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { proxy_replace_header_map_value, proxy_set_property } from '../../sdk/assembly/abi';
import { HeaderMapType, Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';
import { showCall } from './call';
import { endsSometime } from './caller';
import { envoyRouteOf, stringAt, stringLength } from './lookup';
import { Stream } from './streams';
import { watchTime } from './upkeep';
import { outcome } from './verdict';

const CONSUMER = ascii('hiclaw.consumer');
const ROUTE = ascii('x-hiclaw-route');

/** Says who is calling to the upstream filter and the access log, if that is known; false when the host does not take it. */
export function showConsumer(image: usize): bool {
  if (outcome.consumer == 0) return true;
  const name = outcome.consumer + L.CONSUMER_NAME;
  const status = proxy_set_property(
    CONSUMER,
    asciiLength(CONSUMER),
    stringAt(image, name),
    stringLength(name),
  );
  return status == Status.Ok;
}

/**
 * Hands the admitted request on: who is calling, what an attempt may have to change, and the route, which makes Envoy
 * choose again. False when any of it fails.
 */
export function forward(image: usize, stream: Stream): bool {
  if (endsSometime(image, outcome.token) && !watchTime(stream.context)) return false;
  if (!showConsumer(image)) return false;
  if (stream.endpoint != 0 && !showCall(stream, outcome.route)) return false;
  const key = envoyRouteOf(image, outcome.grant);
  const status = proxy_replace_header_map_value(
    HeaderMapType.HttpRequestHeaders,
    ROUTE,
    asciiLength(ROUTE),
    stringAt(image, key),
    stringLength(key),
  );
  return status == Status.Ok;
}
