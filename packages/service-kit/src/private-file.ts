import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { fstatSync, statSync, unlinkSync, writeSync, linkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GatewayError } from './gateway-error.js';
import { Secret } from './secret.js';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
const OTHERS = 0o077;

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function looseMode(path: string, mode: number): GatewayError {
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return new GatewayError(
    'FILE_MODE_LOOSE',
    `${path} has mode ${shown}: others may read it. If nobody did, run "chmod 600 ${path}"; otherwise replace the key.`,
  );
}

/**
 * Creates the directory with mode 0700 when missing. An empty one is closed to others; one with something in it may
 * serve others (it might be `/tmp` or `/etc`) and is refused as it is.
 *
 * @throws GatewayError `FILE_MODE_LOOSE`
 */
export function ensurePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  const { mode } = statSync(path);
  if ((mode & OTHERS) === 0) return;
  if (readdirSync(path).length === 0) {
    chmodSync(path, OWNER_ONLY_DIRECTORY);
    return;
  }
  throw new GatewayError(
    'FILE_MODE_LOOSE',
    `The folder ${path} is open to others and not empty. If it is for this installation alone, run "chmod 700 ${path}"; otherwise choose another folder.`,
  );
}

/**
 * Reads a file that only its owner may read.
 *
 * @returns the bytes, or null when the file does not exist
 * @throws GatewayError `FILE_MODE_LOOSE` when group or others have any right on it
 */
export function readPrivateFile(path: string): Buffer | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const { mode } = fstatSync(descriptor);
    if ((mode & OTHERS) !== 0) throw looseMode(path, mode);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeTemporary(path: string, content: string | Uint8Array): string {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const descriptor = openSync(temporary, 'wx', OWNER_ONLY_FILE);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    let written = 0;
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces the file in one step with mode 0600: a reader sees the old content or the new, also after a crash. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const temporary = writeTemporary(path, content);
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** As `writePrivateFile`, but never replaces: false when the file was there already. */
export function createPrivateFile(path: string, content: string | Uint8Array): boolean {
  const temporary = writeTemporary(path, content);
  try {
    linkSync(temporary, path);
    syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/**
 * A random key kept in a file as hexadecimal text, mode 0600; made when missing. Several processes may call this at
 * once: all get the same key.
 *
 * @param bytes length of the key, 16 to 64 bytes
 * @throws GatewayError `FILE_MODE_LOOSE`, or `KEY_FILE_INVALID` when the content is not a key of that length
 */
export function ensureKeyFile(path: string, bytes: number): Secret<Buffer> {
  if (!Number.isInteger(bytes) || bytes < 16 || bytes > 64) throw new RangeError('a key has 16 to 64 bytes');
  ensurePrivateDirectory(dirname(path));
  let content = readPrivateFile(path);
  if (content === null) {
    createPrivateFile(path, `${randomBytes(bytes).toString('hex')}\n`);
    content = readPrivateFile(path);
  }
  const text = (content ?? Buffer.alloc(0)).toString('latin1').trim();
  if (text.length !== bytes * 2 || !/^[0-9a-f]+$/.test(text)) {
    throw new GatewayError(
      'KEY_FILE_INVALID',
      `${path} does not hold a key of ${bytes} bytes as ${bytes * 2} hexadecimal digits; restore it from a backup.`,
    );
  }
  return new Secret(Buffer.from(text, 'hex'));
}
