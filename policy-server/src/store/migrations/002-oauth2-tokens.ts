import type { Migration } from './migration.js';

/** Secrets and state of credentials whose value is an OAuth 2 access token. Moments are Unix seconds. */
export const oauth2Tokens: Migration = {
  number: 2,
  name: 'oauth2-tokens',
  sql: `
CREATE TABLE oauth2_tokens (
  credential_uid TEXT PRIMARY KEY REFERENCES resources (uid) ON DELETE CASCADE,
  secret_version INTEGER NOT NULL CHECK (secret_version >= 1),
  key_id TEXT NOT NULL,
  jwe TEXT NOT NULL,
  obtained_at INTEGER NOT NULL CHECK (obtained_at >= 0),
  expires_at INTEGER NOT NULL CHECK (expires_at >= 0),
  suspended INTEGER NOT NULL CHECK (suspended IN (0, 1))
) STRICT;
`,
};
