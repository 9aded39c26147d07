/** A policy that cannot be written as an image, or bytes that are not a valid image. The message says what and where. */
export class PolicyImageError extends Error {
  override readonly name = 'PolicyImageError';
}
