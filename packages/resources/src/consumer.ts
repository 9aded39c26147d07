import { type Static, Type } from 'typebox';
import { REFUSED_FIELDS } from './decode-schema.js';
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
  },
  { ...CLOSED, [REFUSED_FIELDS]: { limits: 'limits are not enforced yet, so they are not accepted' } },
);
export type ConsumerSpec = Readonly<Static<typeof ConsumerSpec>>;
