import {
  type ConsumerPatch,
  contentHash,
  type InjectionCredential,
  type KeyAuthConsumer,
  type KeyAuthPolicy,
  patchConsumers,
  writeInjectionImage,
  writeKeyAuthImage,
} from '@hiclaw/policy-image';
import type { Secret } from '@hiclaw/service-kit';
import type { GatewayState } from '../translate/state.js';

/** A written image. It bears the policy version at which its content was first wanted. */
export interface Image {
  readonly bytes: Uint8Array;
  /** Of the content, whatever policy version the bytes bear. */
  readonly hash: string;
  readonly version: bigint;
}

export interface Images {
  readonly keyAuth: Image;
  readonly injection: Image;
}

/** Writes the images of states; content that did not change keeps its bytes. */
export function createImageWriter(sealingKey: Secret<Uint8Array>): (state: GatewayState) => Images {
  let last: { readonly state: GatewayState; readonly images: Images } | null = null;
  return (state) => {
    const images = {
      keyAuth: last === null ? writeKeyAuth(state) : nextKeyAuth(last.state, last.images.keyAuth, state),
      injection:
        last?.state.injection === state.injection ? last.images.injection : writeInjection(state, sealingKey),
    };
    const kept = last === null ? images : keepEqual(last.images, images);
    last = { state, images: kept };
    return kept;
  };
}

/** More than this and writing anew is as good. */
const MAX_PATCHES = 1000;

function nextKeyAuth(before: GatewayState, image: Image, state: GatewayState): Image {
  if (before.maxBodyBytes !== state.maxBodyBytes || before.access.routes !== state.access.routes) {
    return writeKeyAuth(state);
  }
  const patches = patchesBetween(before.access.consumers, state.access.consumers);
  if (patches === null) return writeKeyAuth(state);
  if (patches.length === 0) return image;
  const version = BigInt(state.policyVersion);
  return finish(patchConsumers(image.bytes, patches, version), version);
}

/** The consumers that differ in what can be patched; null when something else differs or they are too many. */
function patchesBetween(
  before: readonly KeyAuthConsumer[],
  after: readonly KeyAuthConsumer[],
): readonly ConsumerPatch[] | null {
  if (before === after) return [];
  if (before.length !== after.length) return null;
  const patches: ConsumerPatch[] = [];
  for (const [index, consumer] of after.entries()) {
    const was = before[index];
    if (was === consumer) continue;
    const same =
      was?.name === consumer.name &&
      was.tokens === consumer.tokens &&
      was.grants === consumer.grants &&
      was.limits === consumer.limits;
    if (!same || patches.length === MAX_PATCHES) return null;
    patches.push({ index, consumer });
  }
  return patches;
}

function keepEqual(before: Images, made: Images): Images {
  return {
    keyAuth: before.keyAuth.hash === made.keyAuth.hash ? before.keyAuth : made.keyAuth,
    injection: before.injection.hash === made.injection.hash ? before.injection : made.injection,
  };
}

function writeKeyAuth({ policyVersion, maxBodyBytes, access }: GatewayState): Image {
  const policy: KeyAuthPolicy = { policyVersion: BigInt(policyVersion), maxBodyBytes, ...access };
  return finish(writeKeyAuthImage(policy), policy.policyVersion);
}

function writeInjection({ policyVersion, injection }: GatewayState, sealingKey: Secret<Uint8Array>): Image {
  const version = BigInt(policyVersion);
  const { upstreams } = injection;
  // In the clear only for this call.
  const credentials = injection.credentials.map((credential): InjectionCredential => ({
    ...credential,
    value: Buffer.from(credential.value.expose(), 'utf8'),
  }));
  const image = writeInjectionImage({ policyVersion: version, upstreams, credentials }, sealingKey.expose());
  return finish(image, version);
}

function finish(bytes: Uint8Array, version: bigint): Image {
  return { bytes, hash: contentHash(bytes), version };
}
