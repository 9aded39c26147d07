// Scans the body of a request for its model, whatever kind of body it is.

import { formIsWhole, scanForm, startForm } from './form-scanner';
import { jsonIsWhole, scanJson, startJson } from './json-scanner';
import {
  flag,
  Kind,
  MODEL_MAX,
  ModelScan,
  SCAN_FLAGS,
  SCAN_KIND,
  SCAN_MODEL,
  SCAN_MODEL_LENGTH,
  SCAN_OFFSET,
  SEEN_AMBIGUOUS,
  SEEN_BAD_MODEL,
  SEEN_MODEL,
  SEEN_PATH_MODEL,
} from './scan-state';
import { isControlFree } from './text';

/** Makes SCANNER_BYTES of memory ready for a new JSON body. */
export function scanStart(scanner: usize): void {
  memory.fill(scanner, 0, SCAN_MODEL);
  startJson(scanner);
}

/** Makes SCANNER_BYTES of memory ready for a new multipart/form-data body with this boundary. */
export function scanFormStart(scanner: usize, boundary: usize, length: usize): void {
  memory.fill(scanner, 0, SCAN_MODEL);
  store<u32>(scanner + SCAN_KIND, Kind.Form);
  startForm(scanner, boundary, length);
}

/** To be called before the first byte: the path names this model, and `flags` (SEEN_RESOURCE_NAMES) say how a body may. */
export function scanPathModel(scanner: usize, model: usize, length: usize, flags: u32): void {
  memory.copy(scanner + SCAN_MODEL, model, length);
  store<u32>(scanner + SCAN_MODEL_LENGTH, length);
  flag(scanner, SEEN_PATH_MODEL | flags);
}

/** Takes the next bytes of the body. False once it is malformed whatever follows. */
export function scan(scanner: usize, from: usize, to: usize): bool {
  const isSound =
    load<u32>(scanner + SCAN_KIND) == Kind.Form ? scanForm(scanner, from, to) : scanJson(scanner, from, to);
  store<u32>(scanner + SCAN_OFFSET, load<u32>(scanner + SCAN_OFFSET) + <u32>(to - from));
  return isSound;
}

/** What was found; for a body that is complete. */
export function scanResult(scanner: usize): ModelScan {
  const flags = load<u32>(scanner + SCAN_FLAGS);
  const length = load<u32>(scanner + SCAN_MODEL_LENGTH);
  const isWhole = load<u32>(scanner + SCAN_KIND) == Kind.Form ? formIsWhole(scanner) : jsonIsWhole(scanner);
  if (!isWhole) return ModelScan.Malformed;
  if ((flags & SEEN_AMBIGUOUS) != 0) return ModelScan.Ambiguous;
  if ((flags & (SEEN_MODEL | SEEN_PATH_MODEL)) == 0) return ModelScan.Missing;
  if ((flags & SEEN_BAD_MODEL) != 0 || length == 0 || length > MODEL_MAX) return ModelScan.BadModel;
  return isControlFree(scanner + SCAN_MODEL, length) ? ModelScan.Found : ModelScan.BadModel;
}

/** Length of the model's name at `scanner + SCAN_MODEL`, once scanResult() is Found. */
export function scannedModelLength(scanner: usize): usize {
  return load<u32>(scanner + SCAN_MODEL_LENGTH);
}
