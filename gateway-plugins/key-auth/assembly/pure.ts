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
import { SCANNER_BYTES, SCAN_MODEL, SEEN_RESOURCE_NAMES } from './scan-state';
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
