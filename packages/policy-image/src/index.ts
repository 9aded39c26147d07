export { METERS } from './limit-sets.js';
export { contentHash, withPolicyVersion } from './image-frame.js';
export { type ConsumerPatch, patchConsumers } from './patch-consumers.js';
export { PolicyImageError } from './policy-image-error.js';
export type {
  InjectionCredential,
  InjectionPolicy,
  InjectionUpstream,
  KeyAuthConsumer,
  KeyAuthLimit,
  KeyAuthPolicy,
  KeyAuthPrice,
  KeyAuthRoute,
  Meter,
  Method,
} from './policy.js';
export { SEALING_KEY_BYTES, sealingKeyId } from './seal.js';
export {
  formatToken,
  parseToken,
  TOKEN_CHARS,
  TOKEN_PREFIX,
  TOKEN_RANDOM_BYTES,
  tokenDigest,
} from './token.js';
export { writeInjectionImage } from './write-injection.js';
export { writeKeyAuthImage } from './write-key-auth.js';
export { InjectionImage, type SealedCredential } from './injection-image.js';
export { KeyAuthImage } from './key-auth-image.js';
export { decide, whyCut, type RunningStream } from './oracle/decide.js';
export type { Admission, Answer, Decision, Refusal, RequestFacts } from './oracle/facts.js';
export { isIdentityHeader } from './oracle/identity-headers.js';
export { REASONS, type Reason } from './oracle/reasons.js';
export { refusal, type ErrorShape, type LocalReply } from './oracle/refusal.js';
export { matchModelPattern, matchPathPattern } from './patterns.js';
