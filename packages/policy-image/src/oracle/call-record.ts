import * as L from '../layout.js';
import type { KeyAuthRoute } from '../policy.js';
import type { NamedCall } from './body-call.js';
import type { Endpoint } from './endpoints.js';
import type { RequestFacts } from './facts.js';

/** What is known of an admitted call where its record is written. */
export interface AdmittedCall {
  readonly facts: RequestFacts;
  readonly route: Extract<KeyAuthRoute, { kind: 'llm' }>;
  readonly endpoint: Endpoint;
  /** Null where neither path nor body name a model. */
  readonly named: NamedCall | null;
}

/** Value of filter state `hiclaw.call`, or null where no attempt may have to change anything. */
export function callRecord({ facts, route, endpoint, named }: AdmittedCall): Buffer | null {
  const lacksUsage =
    (endpoint.kind === 'chat' || endpoint.kind === 'completions') &&
    named?.call.isStream === true &&
    !named.call.asksUsage;
  const addsUsage = route.addsUsage === true && lacksUsage;
  if (route.rebases !== true && !addsUsage) return null;

  const path = Buffer.from(facts.path, 'latin1');
  const record = Buffer.alloc(L.CALL_PATH + path.length);
  record.set(path, L.CALL_PATH);
  const put = (at: number, value: number): number => record.writeUInt32LE(value, at);
  let edits = L.CALL_EDIT_PATH;
  put(L.CALL_PREFIX_LENGTH, route.path.length);
  put(L.CALL_PATH_LENGTH, path.length);
  if (named !== null) {
    put(
      L.CALL_BODY_LENGTH,
      facts.body.reduce((sum, piece) => sum + piece.length, 0),
    );
    const { place } = named.call;
    if (endpoint.pathModel !== null) {
      edits |= L.CALL_EDIT_PATH_MODEL;
      put(L.CALL_MODEL_OFFSET, route.path.length + endpoint.pathModel.offset);
      put(L.CALL_MODEL_LENGTH, endpoint.pathModel.name.length);
    } else if (place !== null) {
      edits |= named.isForm ? L.CALL_EDIT_MULTIPART_MODEL : L.CALL_EDIT_JSON_MODEL;
      put(L.CALL_MODEL_OFFSET, place.offset);
      put(L.CALL_MODEL_LENGTH, place.length);
    }
    const { usage } = named.call;
    if (addsUsage && usage !== null) {
      edits |= L.CALL_EDIT_USAGE;
      put(L.CALL_USAGE_OFFSET, usage.offset);
      put(L.CALL_USAGE_LENGTH, usage.length);
      put(L.CALL_USAGE_FORM, usage.form);
    }
  }
  put(L.CALL_EDITS, edits);
  return record;
}
