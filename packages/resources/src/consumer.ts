import { type Static, Type } from 'typebox';
import { Limits } from './limits.js';
import { CLOSED, Description, formatted, Name, record } from './schema-parts.js';

/** Who presents tokens. */
export const ConsumerSpec = Type.Object(
  {
    description: Type.Optional(Description),
    disabled: Type.Boolean({
      default: false,
      description: 'While true, all its requests are refused with 403.',
    }),
    expiresAt: Type.Union([formatted('date-time', { maxLength: 64 }), Type.Null()], {
      default: null,
      description: 'From this moment all its requests are refused; null: never.',
    }),
    credentials: record<string>('upstream-key', Name, {
      maxProperties: 256,
      default: {},
      description:
        "Credentials of its own, by upstream such as `mcp-servers/github`, instead of the upstream's.",
    }),
    limits: Type.Optional(Limits),
  },
  CLOSED,
);
export type ConsumerSpec = Readonly<Static<typeof ConsumerSpec>>;
