import { ImageReader } from './image-reader.js';
import { readLimitSets, readPrices } from './key-auth-limits.js';
import {
  checkConsumers,
  checkTokens,
  readEnvoyRoutes,
  readLlmPaths,
  readLlmPathTexts,
  readPatternSets,
  readProfiles,
  readRouteKeys,
  readRoutes,
  tokenDigestAt,
  type GrantEntry,
  type LlmPathEntry,
} from './key-auth-sections.js';
import * as L from './layout.js';
import type { KeyAuthLimit, KeyAuthPolicy, KeyAuthRoute } from './policy.js';
import { bucketBits } from './token-index.js';

export type { GrantEntry, LlmPathEntry } from './key-auth-sections.js';

const SECTIONS = [
  { name: 'TOKENS', header: L.KEY_AUTH_TOKENS, entryBytes: L.TOKEN_BYTES },
  { name: 'TOKEN_BUCKETS', header: L.KEY_AUTH_TOKEN_BUCKETS, entryBytes: L.TOKEN_BUCKET_BYTES },
  { name: 'CONSUMERS', header: L.KEY_AUTH_CONSUMERS, entryBytes: L.CONSUMER_BYTES },
  { name: 'PROFILES', header: L.KEY_AUTH_PROFILES, entryBytes: L.PROFILE_BYTES },
  { name: 'GRANTS', header: L.KEY_AUTH_GRANTS, entryBytes: L.GRANT_BYTES },
  { name: 'ROUTES', header: L.KEY_AUTH_ROUTES, entryBytes: L.ROUTE_BYTES },
  { name: 'LLM_PATHS', header: L.KEY_AUTH_LLM_PATHS, entryBytes: L.LLM_PATH_BYTES },
  { name: 'CANDIDATES', header: L.KEY_AUTH_CANDIDATES, entryBytes: L.CANDIDATE_BYTES },
  { name: 'RULES', header: L.KEY_AUTH_RULES, entryBytes: L.RULE_BYTES },
  { name: 'PATTERN_SETS', header: L.KEY_AUTH_PATTERN_SETS, entryBytes: L.PATTERN_SET_BYTES },
  { name: 'PATTERNS', header: L.KEY_AUTH_PATTERNS, entryBytes: L.PATTERN_BYTES },
  { name: 'LIMIT_SETS', header: L.KEY_AUTH_LIMIT_SETS, entryBytes: L.LIMIT_SET_BYTES },
  { name: 'LIMITS', header: L.KEY_AUTH_LIMITS, entryBytes: L.LIMIT_BYTES },
  { name: 'PRICES', header: L.KEY_AUTH_PRICES, entryBytes: L.PRICE_BYTES },
  { name: 'STRINGS', header: L.KEY_AUTH_STRINGS, entryBytes: 1 },
];

export interface TokenEntry {
  readonly consumer: number;
  /** Unix seconds; 0: never. */
  readonly expiresAt: number;
}

export interface ConsumerEntry {
  readonly name: string;
  readonly disabled: boolean;
  readonly revoked: boolean;
  /** Unix seconds; 0: never. */
  readonly expiresAt: number;
  readonly profile: number;
  readonly limits: readonly KeyAuthLimit[];
}

/**
 * A key-auth image, read the way the plugin does but with no regard for speed: the oracle in tests, and what explains a
 * decision to an admin. Refuses every byte string that `writeKeyAuthImage` would not have written.
 */
export class KeyAuthImage {
  readonly policyVersion: bigint;
  readonly maxBodyBytes: number;
  readonly routes: readonly KeyAuthRoute[];
  readonly llmPaths: readonly LlmPathEntry[];
  readonly #reader: ImageReader;
  readonly #profiles: readonly (readonly GrantEntry[])[];
  readonly #limitSets: readonly (readonly KeyAuthLimit[])[];

  /** @throws PolicyImageError when the bytes are not a canonical key-auth image. */
  constructor(bytes: Uint8Array) {
    const reader = new ImageReader(bytes, {
      magic: L.KEY_AUTH_MAGIC,
      format: L.KEY_AUTH_FORMAT,
      headerBytes: L.KEY_AUTH_HEADER_BYTES,
      sections: SECTIONS,
    });
    this.#reader = reader;
    this.policyVersion = reader.policyVersion;
    this.maxBodyBytes = reader.u32(L.KEY_AUTH_MAX_BODY_BYTES);
    // Strings are verified in the order in which they stand: consumers, grants, routes, LLM paths, patterns, prices.
    checkConsumers(reader);
    const envoyRoutes = readEnvoyRoutes(reader);
    const keys = readRouteKeys(reader);
    const paths = readLlmPathTexts(reader);
    const sets = readPatternSets(reader);
    const prices = readPrices(reader);
    reader.endOfStrings();
    this.llmPaths = readLlmPaths(reader, paths);
    this.routes = readRoutes(reader, keys, sets, this.llmPaths, prices);
    this.#profiles = readProfiles(reader, this.routes, sets, envoyRoutes);
    this.#limitSets = readLimitSets(reader);
    sets.refuseUnused();
    checkTokens(reader);
  }

  get tokenCount(): number {
    return this.#reader.count(L.KEY_AUTH_TOKENS);
  }

  get consumerCount(): number {
    return this.#reader.count(L.KEY_AUTH_CONSUMERS);
  }

  /** The token with this SHA-256 (its first 16 bytes count), found through the bucket table as the plugin does. */
  findToken(digest: Uint8Array): TokenEntry | null {
    const reader = this.#reader;
    const wanted = Buffer.from(digest.subarray(0, L.TOKEN_DIGEST_BYTES));
    const bits = bucketBits(this.tokenCount);
    const bucket = bits === 0 ? 0 : wanted.readUInt32BE(0) >>> (32 - bits);
    const end = reader.u32(reader.entry(L.KEY_AUTH_TOKEN_BUCKETS, bucket + 1));
    for (let index = reader.u32(reader.entry(L.KEY_AUTH_TOKEN_BUCKETS, bucket)); index < end; index++) {
      if (wanted.equals(tokenDigestAt(reader, index))) return this.#token(index);
    }
    return null;
  }

  consumer(index: number): ConsumerEntry {
    const reader = this.#reader;
    const at = reader.entry(L.KEY_AUTH_CONSUMERS, index);
    const flags = reader.u32(at + L.CONSUMER_FLAGS);
    return {
      name: reader.text(at + L.CONSUMER_NAME),
      disabled: (flags & L.CONSUMER_DISABLED) !== 0,
      revoked: (flags & L.CONSUMER_REVOKED) !== 0,
      expiresAt: reader.u32(at + L.CONSUMER_EXPIRES_AT),
      profile: reader.u32(at + L.CONSUMER_PROFILE),
      limits: this.#limitSets[reader.u32(at + L.CONSUMER_LIMITS)] ?? [],
    };
  }

  grants(consumer: ConsumerEntry): readonly GrantEntry[] {
    return this.#profiles[consumer.profile] ?? [];
  }

  /** What was written, in canonical order; token digests are the 16 bytes that the image holds. */
  toPolicy(): KeyAuthPolicy {
    const tokensOf = new Map<number, { digest: Uint8Array; expiresAt: number }[]>();
    for (let index = 0; index < this.tokenCount; index++) {
      const { consumer, expiresAt } = this.#token(index);
      const tokens = tokensOf.get(consumer) ?? [];
      tokens.push({ digest: Uint8Array.from(tokenDigestAt(this.#reader, index)), expiresAt });
      tokensOf.set(consumer, tokens);
    }
    const grantsOf = this.#profiles.map((profile) =>
      profile.map(({ route, models, envoyRoute }) => {
        const key = this.routes[route]?.key ?? '';
        return { route: key, models, ...(envoyRoute !== key && { envoyRoute }) };
      }),
    );
    const consumers = Array.from({ length: this.consumerCount }, (_, index) => {
      const { name, disabled, revoked, expiresAt, profile, limits } = this.consumer(index);
      const tokens = tokensOf.get(index) ?? [];
      const grants = grantsOf[profile] ?? [];
      return { name, disabled, revoked, expiresAt, tokens, grants, ...(limits.length > 0 && { limits }) };
    });
    const { policyVersion, maxBodyBytes } = this;
    return { policyVersion, maxBodyBytes, consumers, routes: this.routes };
  }

  #token(index: number): TokenEntry {
    const at = this.#reader.entry(L.KEY_AUTH_TOKENS, index);
    return {
      consumer: this.#reader.u32(at + L.TOKEN_CONSUMER),
      expiresAt: this.#reader.u32(at + L.TOKEN_EXPIRES_AT),
    };
  }
}
