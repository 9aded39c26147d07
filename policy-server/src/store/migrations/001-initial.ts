import type { Migration } from './migration.js';

export const initial: Migration = {
  number: 1,
  name: 'initial',
  sql: `
CREATE TABLE installation (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  policy_version INTEGER NOT NULL CHECK (policy_version >= 0)
) STRICT;
INSERT INTO installation (id, policy_version) VALUES (1, 0);

CREATE TABLE resources (
  kind TEXT NOT NULL CHECK (kind IN ('Credential', 'Provider', 'LlmRoute', 'McpServer', 'ServiceRoute', 'Consumer')),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
  uid TEXT NOT NULL UNIQUE,
  resource_version INTEGER NOT NULL CHECK (resource_version >= 1),
  generation INTEGER NOT NULL CHECK (generation >= 1),
  created_at TEXT NOT NULL,
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  annotations TEXT NOT NULL CHECK (json_valid(annotations)),
  spec TEXT NOT NULL CHECK (json_valid(spec)),
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE credential_values (
  credential_uid TEXT PRIMARY KEY REFERENCES resources (uid) ON DELETE CASCADE,
  value_version INTEGER NOT NULL CHECK (value_version >= 1),
  key_id TEXT NOT NULL,
  jwe TEXT NOT NULL
) STRICT;

CREATE TABLE consumer_revocations (
  consumer_uid TEXT PRIMARY KEY REFERENCES resources (uid) ON DELETE CASCADE,
  revoked_at TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  consumer_uid TEXT NOT NULL REFERENCES resources (uid) ON DELETE CASCADE,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL CHECK (expires_at BETWEEN 0 AND 4294967295)
) STRICT;
CREATE INDEX tokens_by_consumer ON tokens (consumer_uid);

CREATE TABLE grants (
  kind TEXT NOT NULL CHECK (kind IN ('llm-routes', 'mcp-servers', 'service-routes')),
  route TEXT NOT NULL,
  consumer TEXT NOT NULL,
  source TEXT NOT NULL,
  models TEXT CHECK (models IS NULL OR (kind = 'llm-routes' AND json_valid(models))),
  PRIMARY KEY (kind, route, consumer, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_consumer ON grants (consumer);

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  policy_version INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  changes TEXT NOT NULL CHECK (json_valid(changes)),
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_object ON audit (kind, name, sequence);
CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
`,
};
