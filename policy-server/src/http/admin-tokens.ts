import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { CLOSED, decodeSchema } from '@hiclaw/resources';
import {
  type Clock,
  createPrivateFile,
  GatewayError,
  type Logger,
  readPrivateFile,
  Secret,
  writePrivateFile,
} from '@hiclaw/service-kit';
import { errors, importJWK, jwtVerify, SignJWT, type CryptoKey } from 'jose';
import { Type } from 'typebox';

const ALGORITHM = 'EdDSA';
const ISSUER = 'hiclaw-policy-server';
const AUDIENCE = 'hiclaw-admin-api';
const TYPE = 'hiclaw-admin+jwt';
const LIFETIME_SECONDS = 24 * 3600;
/** The token file is written anew when its token has less than this left. */
const RENEW_SECONDS = LIFETIME_SECONDS / 2;
const CHECK_INTERVAL_MS = 30_000;
const CLOCK_TOLERANCE_SECONDS = 5;
const MAX_TOKEN_LENGTH = 4096;

const SigningKeyFile = Type.Object(
  {
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    kid: Type.String({ minLength: 1, maxLength: 64 }),
    x: Type.String({ minLength: 43, maxLength: 43 }),
    d: Type.String({ minLength: 43, maxLength: 43 }),
  },
  CLOSED,
);

/** Who a valid admin token speaks for. */
export interface Admin {
  readonly subject: string;
}

export interface AdminTokenOptions {
  /** The private key, a JWK. */
  readonly keyPath: string;
  /** Where a token for the administrator of this machine is kept. */
  readonly tokenPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

function unauthorized(code: string, message: string, cause?: unknown): GatewayError {
  return new GatewayError(code, message, { cause });
}

function readSigningKey(path: string): { kid: string; x: string; d: string } {
  if (readPrivateFile(path) === null) {
    const { kty, crv, x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    createPrivateFile(path, `${JSON.stringify({ kty, crv, kid: randomUUID(), x, d })}\n`);
  }
  let json: unknown = null;
  try {
    json = JSON.parse(readPrivateFile(path)?.toString('utf8') ?? '');
  } catch {
    // Left null: the parser's message would repeat parts of the key.
  }
  const decoded = decodeSchema(SigningKeyFile, json);
  if (decoded.ok) return decoded.value;
  throw new GatewayError(
    'SIGNING_KEY_INVALID',
    `${path} is not an Ed25519 key; delete it to get a new one. All admin tokens end with it.`,
  );
}

/** Signs and checks the tokens that administrators present, and keeps one in a file for the owner of the machine. */
export class AdminTokens {
  readonly #options: AdminTokenOptions;
  readonly #keyId: string;
  readonly #privateKey: CryptoKey | Uint8Array;
  readonly #publicKey: CryptoKey | Uint8Array;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    options: AdminTokenOptions,
    keyId: string,
    privateKey: CryptoKey | Uint8Array,
    publicKey: CryptoKey | Uint8Array,
  ) {
    this.#options = options;
    this.#keyId = keyId;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  /** @throws GatewayError `FILE_MODE_LOOSE`, `SIGNING_KEY_INVALID` */
  static async open(options: AdminTokenOptions): Promise<AdminTokens> {
    const { kid, x, d } = readSigningKey(options.keyPath);
    const common = { kty: 'OKP', crv: 'Ed25519', x };
    try {
      return new AdminTokens(
        options,
        kid,
        await importJWK({ ...common, d }, ALGORITHM),
        await importJWK(common, ALGORITHM),
      );
    } catch {
      throw new GatewayError(
        'SIGNING_KEY_INVALID',
        `${options.keyPath} is not an Ed25519 key; delete it to get a new one.`,
      );
    }
  }

  /** A new token. */
  async issue(subject: string, lifetimeSeconds: number): Promise<Secret> {
    const now = Math.floor(this.#options.clock.nowMs() / 1000);
    const token = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: this.#keyId })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifetimeSeconds)
      .setJti(randomUUID())
      .sign(this.#privateKey);
    return new Secret(token);
  }

  /**
   * Checks signature, algorithm, type, issuer, audience and times.
   *
   * @throws GatewayError `ADMIN_TOKEN_INVALID` or `ADMIN_TOKEN_EXPIRED`
   */
  async verify(token: string): Promise<Admin & { readonly expiresAt: number }> {
    const where = this.#options.tokenPath;
    if (token.length > MAX_TOKEN_LENGTH)
      throw unauthorized('ADMIN_TOKEN_INVALID', 'The admin token is not valid.');
    if (token.startsWith('hck_')) {
      throw unauthorized(
        'ADMIN_TOKEN_INVALID',
        `This is a consumer token; the API takes an admin token, see ${where}.`,
      );
    }
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: ['sub', 'iat', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.#options.clock.nowMs()),
      });
      const { sub = '', exp = 0 } = payload;
      if (!/^[\x21-\x7e]{1,128}$/.test(sub))
        throw unauthorized('ADMIN_TOKEN_INVALID', 'The admin token is not valid.');
      return { subject: sub, expiresAt: exp };
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      if (error instanceof errors.JWTExpired) {
        throw unauthorized(
          'ADMIN_TOKEN_EXPIRED',
          `The admin token has expired; take the current one from ${where}.`,
          error,
        );
      }
      throw unauthorized(
        'ADMIN_TOKEN_INVALID',
        `The admin token is not valid; take the current one from ${where}.`,
        error,
      );
    }
  }

  /** Writes the token file when it is missing, not ours, or near its end. */
  async refreshFile(): Promise<void> {
    const now = this.#options.clock.nowMs() / 1000;
    const text = this.#readTokenFile();
    const left =
      text === null
        ? 0
        : await this.verify(text).then(
            ({ expiresAt }) => expiresAt - now,
            () => 0,
          );
    if (left >= RENEW_SECONDS) return;
    const token = await this.issue('admin', LIFETIME_SECONDS);
    writePrivateFile(this.#options.tokenPath, `${token.expose()}\n`);
    this.#options.log.info({ file: this.#options.tokenPath }, 'wrote a new admin token');
  }

  /** Keeps the token file fresh until `stop`. */
  async start(): Promise<void> {
    await this.refreshFile();
    this.#timer = setInterval(() => {
      this.refreshFile().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'the admin token file cannot be written');
      });
    }, CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A file that others could read is replaced, not trusted. */
  #readTokenFile(): string | null {
    try {
      return readPrivateFile(this.#options.tokenPath)?.toString('latin1').trim() ?? null;
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'FILE_MODE_LOOSE') return null;
      throw error;
    }
  }
}
