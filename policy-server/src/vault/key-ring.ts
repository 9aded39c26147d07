import { randomBytes } from 'node:crypto';
import {
  createPrivateFile,
  GatewayError,
  readPrivateFile,
  Secret,
  writePrivateFile,
} from '@hiclaw/service-kit';
import { type Static, Type } from 'typebox';
import { CLOSED, decodeSchema } from '@hiclaw/resources';

const KEY_BYTES = 32;

const KeyRingFile = Type.Object(
  {
    current: Type.String({ minLength: 1, maxLength: 64 }),
    keys: Type.Array(
      Type.Object(
        {
          id: Type.String({ minLength: 1, maxLength: 64 }),
          key: Type.String({ minLength: 43, maxLength: 43, pattern: '^[A-Za-z0-9_-]{43}$' }),
          createdAt: Type.String({ maxLength: 32 }),
        },
        CLOSED,
      ),
      { minItems: 1, maxItems: 16 },
    ),
  },
  CLOSED,
);
type KeyRingFile = Static<typeof KeyRingFile>;

function damaged(path: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'VAULT_KEYS_INVALID',
    `${path} is not a key ring; without it stored credentials cannot be read. Restore it from a backup.`,
    { cause },
  );
}

function parse(path: string, content: Buffer): KeyRingFile {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    // The parser's message would repeat parts of the file.
    throw damaged(path);
  }
  const decoded = decodeSchema(KeyRingFile, json);
  if (!decoded.ok) throw damaged(path);
  const ids = new Set(decoded.value.keys.map(({ id }) => id));
  const sound = ids.size === decoded.value.keys.length && ids.has(decoded.value.current);
  if (!sound || decoded.value.keys.some(({ key }) => Buffer.from(key, 'base64url').length !== KEY_BYTES))
    throw damaged(path);
  return decoded.value;
}

function newKey(at: string): KeyRingFile['keys'][number] {
  return {
    id: `v-${randomBytes(8).toString('hex')}`,
    key: randomBytes(KEY_BYTES).toString('base64url'),
    createdAt: at,
  };
}

/** The keys that credentials are encrypted with at rest: one current, and older ones until nothing needs them. */
export class KeyRing {
  readonly #path: string;
  #file: KeyRingFile;

  private constructor(path: string, file: KeyRingFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Reads the ring, or makes one with one key when there is none.
   *
   * @throws GatewayError `FILE_MODE_LOOSE`, `VAULT_KEYS_INVALID`
   */
  static open(path: string, at: string): KeyRing {
    let content = readPrivateFile(path);
    if (content === null) {
      const key = newKey(at);
      createPrivateFile(path, `${JSON.stringify({ current: key.id, keys: [key] }, null, 2)}\n`);
      content = readPrivateFile(path);
    }
    if (content === null) throw damaged(path);
    return new KeyRing(path, parse(path, content));
  }

  get currentId(): string {
    return this.#file.current;
  }

  get ids(): readonly string[] {
    return this.#file.keys.map(({ id }) => id);
  }

  /** The key of that id, 32 bytes, or undefined. */
  find(id: string): Secret<Uint8Array> | undefined {
    const found = this.#file.keys.find((key) => key.id === id);
    return found === undefined ? undefined : new Secret(Buffer.from(found.key, 'base64url'));
  }

  /** Adds a key and makes it the current one; it is on disk before anything uses it. */
  add(at: string): string {
    const key = newKey(at);
    this.#replace({ current: key.id, keys: [...this.#file.keys, key] });
    return key.id;
  }

  /** Forgets all keys but the current one. */
  forgetOthers(): void {
    const { current, keys } = this.#file;
    if (keys.length > 1) this.#replace({ current, keys: keys.filter(({ id }) => id === current) });
  }

  #replace(file: KeyRingFile): void {
    writePrivateFile(this.#path, `${JSON.stringify(file, null, 2)}\n`);
    this.#file = file;
  }
}
