// The parts that call no host, for tests that run them without one. Not part of the plugin.

import { sha256 } from '../../policy/assembly/sha256';
import { checksumHolds } from '../../policy/assembly/image-frame';
import { compareBytes, bytesEqual } from '../../policy/assembly/bytes';
import {
  scan,
  scanFormStart,
  scannedModelLength,
  scanPathModel,
  scanResult,
  scanStart,
} from './body-scanner';
import { SCAN_BODY_START } from './json-state';
import {
  SCAN_CHOICES,
  SCAN_FLAGS,
  SCAN_MAX_TOKENS,
  SCAN_MODEL,
  SCAN_MODEL_OFFSET,
  SCAN_MODEL_RAW,
  SCAN_USAGE_FORM,
  SCAN_USAGE_LENGTH,
  SCAN_USAGE_OFFSET,
  SCANNER_BYTES,
} from './scan-state';
import { literalBytes, matchesModel } from './model-pattern';
import { matchesPath } from './path-pattern';
import { pathIsSane } from './request-path';
import { containsTokenPrefix, isToken } from './token';

export {
  sha256,
  checksumHolds,
  compareBytes,
  bytesEqual,
  scan,
  scannedModelLength,
  scanResult,
  scanStart,
  scanFormStart,
  scanPathModel,
  literalBytes,
  matchesModel,
  matchesPath,
  pathIsSane,
  containsTokenPrefix,
  isToken,
};

export function allocate(size: usize): usize {
  return heap.alloc(size);
}

export function scannerBytes(): usize {
  return SCANNER_BYTES;
}

export function modelOffset(): usize {
  return SCAN_MODEL;
}

export function scanFlags(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_FLAGS);
}

export function scannedPlace(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_MODEL_OFFSET);
}

export function scannedPlaceLength(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_MODEL_RAW);
}

export function scannedUsageForm(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_USAGE_FORM);
}

export function scannedUsageOffset(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_USAGE_OFFSET);
}

export function scannedUsageLength(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_USAGE_LENGTH);
}

export function scannedMaxTokens(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_MAX_TOKENS);
}

export function scannedChoices(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_CHOICES);
}

export function scannedBodyStart(scanner: usize): u32 {
  return load<u32>(scanner + SCAN_BODY_START);
}
