import type { Migration } from '../../store/migrations/migration.js';

/** Sums that every granularity keeps. `cost` is in pico-USD; see `MAX_PICO_USD`. */
const SUMS = `
  requests INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  aborted INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cached_input INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  cost INTEGER NOT NULL`;

export const usage: Migration = {
  number: 1,
  name: 'usage',
  sql: `
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  consumer TEXT NOT NULL,
  route TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  requested_model TEXT NOT NULL,
  UNIQUE (consumer, route, provider, model, requested_model)
) STRICT;

CREATE TABLE calls (
  sequence INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  node TEXT NOT NULL,
  start INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  first_byte INTEGER,
  consumer TEXT NOT NULL,
  route TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  requested_model TEXT NOT NULL,
  target INTEGER,
  endpoint TEXT NOT NULL,
  stream INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('completed', 'aborted', 'failed', 'cut')),
  status INTEGER NOT NULL,
  flags TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cached_input INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  cost INTEGER
) STRICT;
CREATE INDEX calls_by_consumer ON calls (consumer, sequence);
CREATE INDEX calls_by_start ON calls (start);

CREATE TABLE minutes (
  series INTEGER NOT NULL REFERENCES series (id),
  start INTEGER NOT NULL,${SUMS},
  PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE hours (
  series INTEGER NOT NULL REFERENCES series (id),
  start INTEGER NOT NULL,${SUMS},
  PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE days (
  series INTEGER NOT NULL REFERENCES series (id),
  start INTEGER NOT NULL,${SUMS},
  PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE journals (
  inode TEXT NOT NULL,
  head BLOB NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 0),
  name TEXT NOT NULL,
  PRIMARY KEY (inode, head)
) STRICT, WITHOUT ROWID;
`,
};
