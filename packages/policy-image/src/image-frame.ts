import { createHash } from 'node:crypto';
import { stampChecksum } from './checksum.js';
import { CHECKSUM_FROM, HEADER_FORMAT, HEADER_MAGIC, HEADER_POLICY_VERSION, HEADER_SIZE } from './layout.js';
import { PolicyImageError } from './policy-image-error.js';

const ALIGNMENT = 8;
const MAX_IMAGE_BYTES = 0x7fff_fff8;
const MAX_POLICY_VERSION = 0xffff_ffff_ffff_ffffn;

/** The next multiple of 8. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

interface SectionPlan {
  /** Where the section's offset and count stand in the header. */
  readonly header: number;
  readonly count: number;
  readonly entryBytes: number;
}

export interface ImagePlan {
  readonly magic: number;
  readonly format: number;
  readonly policyVersion: bigint;
  readonly headerBytes: number;
  /** In the order in which they follow the header. */
  readonly sections: readonly SectionPlan[];
}

export interface Frame {
  readonly image: Buffer;
  readonly view: DataView;
  /** Offset of the section with this header position. */
  offsetOf(header: number): number;
}

/** A zeroed image with its header filled in, but for the checksum, which `stampChecksum` adds at the end. */
export function frameImage(plan: ImagePlan): Frame {
  if (plan.policyVersion < 0n || plan.policyVersion > MAX_POLICY_VERSION) {
    throw new PolicyImageError(`policy version ${plan.policyVersion} is not an unsigned 64-bit number`);
  }
  const offsets = new Map<number, number>();
  let size = plan.headerBytes;
  for (const section of plan.sections) {
    offsets.set(section.header, size);
    size = aligned(size + section.count * section.entryBytes);
  }
  if (size > MAX_IMAGE_BYTES) throw new PolicyImageError(`an image of ${size} bytes is too large`);

  const image = Buffer.alloc(size);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  view.setUint32(HEADER_MAGIC, plan.magic, true);
  view.setUint32(HEADER_FORMAT, plan.format, true);
  view.setBigUint64(HEADER_POLICY_VERSION, plan.policyVersion, true);
  view.setUint32(HEADER_SIZE, size, true);
  for (const section of plan.sections) {
    view.setUint32(section.header, offsets.get(section.header) ?? 0, true);
    view.setUint32(section.header + 4, section.count, true);
  }
  return { image, view, offsetOf: (header) => offsets.get(header) ?? 0 };
}

/**
 * SHA-256, in hexadecimal, of what an image says, whichever policy version it bears: of all its bytes but the policy
 * version and the checksum.
 */
export function contentHash(image: Uint8Array): string {
  return createHash('sha256')
    .update(image.subarray(0, HEADER_POLICY_VERSION))
    .update(image.subarray(HEADER_SIZE, HEADER_SIZE + 4))
    .update(image.subarray(CHECKSUM_FROM))
    .digest('hex');
}

/** The same image under another policy version. */
export function withPolicyVersion(image: Uint8Array, policyVersion: bigint): Buffer {
  const copy = Buffer.from(image);
  copy.writeBigUInt64LE(policyVersion, HEADER_POLICY_VERSION);
  stampChecksum(copy);
  return copy;
}
