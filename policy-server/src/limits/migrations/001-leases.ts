import type { Migration } from '../../store/migrations/migration.js';

export const leases: Migration = {
  number: 1,
  name: 'leases',
  sql: `
CREATE TABLE leases (
  consumer TEXT NOT NULL,
  meter INTEGER NOT NULL CHECK (meter BETWEEN 0 AND 5),
  window_end_ms INTEGER NOT NULL,
  boot TEXT NOT NULL,
  node TEXT NOT NULL,
  allowance INTEGER NOT NULL CHECK (allowance >= 0),
  used INTEGER NOT NULL CHECK (used >= 0),
  generation INTEGER NOT NULL,
  reported_at_ms INTEGER NOT NULL,
  PRIMARY KEY (consumer, meter, boot)
) STRICT, WITHOUT ROWID;
`,
};
