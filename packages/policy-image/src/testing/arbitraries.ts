/** Generators for property tests of everything that reads policy images. Needs fast-check, so tests only. */
export { body, pieces } from './body-arbitraries.js';
export { BOUNDARY, formBody } from './form-arbitraries.js';
export {
  injectionPolicy,
  keyAuthPolicy,
  MODELS,
  NOW,
  reordered,
  type GeneratedPolicy,
} from './policy-arbitraries.js';
export { requestFor } from './request-arbitraries.js';
export { tokenFromSeed } from './token-from-seed.js';
