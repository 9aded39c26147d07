import { type Static, Type } from 'typebox';
import { REFUSED_FIELDS } from './decode-schema.js';
import type { FieldErrors } from './field-errors.js';
import { CLOSED, formatted, words } from './schema-parts.js';
import { hasControlCharacter, isWellFormed } from './patterns.js';

/** Characters; providers' keys and service account tokens stay far below. */
const MAX_VALUE_LENGTH = 16_384;

const fields = {
  in: words(['header', 'query', 'basic'], {
    default: 'header',
    description: 'Where the value goes: a header, a query parameter, or Authorization: Basic.',
  }),
  header: Type.Optional(
    formatted('header-name', {
      description: 'With `in: header`: name of the header; default Authorization.',
    }),
  ),
  prefix: Type.Optional(
    formatted('header-prefix', {
      maxLength: 128,
      description:
        'With `in: header`: put before the value; default "Bearer " for Authorization, otherwise nothing.',
    }),
  ),
  parameter: Type.Optional(
    formatted('query-parameter', { description: 'With `in: query`: name of the parameter; required then.' }),
  ),
  hosts: Type.Array(formatted('credential-host', { maxLength: 320 }), {
    minItems: 1,
    maxItems: 64,
    description:
      'Hosts the value may be sent to, each `host` (any port) or `host:port`. It is never sent elsewhere.',
  }),
};

const refused = {
  [REFUSED_FIELDS]: { oauth2: 'OAuth credentials do not work yet; give the access token as spec.value' },
};

/** What is stored and shown of a credential: everything but its value. */
export const CredentialSpec = Type.Object(fields, { ...CLOSED, ...refused });
export type CredentialSpec = Readonly<Static<typeof CredentialSpec>>;

/** What a client sends. The value is write-only. */
export const CredentialSpecInput = Type.Object(
  {
    value: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_VALUE_LENGTH,
        writeOnly: true,
        description:
          'The secret itself; `user:password` for `in: basic`. Required for a new credential; absent later: unchanged.',
      }),
    ),
    ...fields,
  },
  { ...CLOSED, ...refused },
);
export type CredentialSpecInput = Readonly<Static<typeof CredentialSpecInput>>;

/** Where and how a credential's value stands in a request. */
export interface CredentialPlacement {
  readonly placement: 'header' | 'query' | 'basic';
  /** Header name in lower case, or query parameter name; empty for `basic`. */
  readonly name: string;
  readonly prefix: string;
}

/** How the gateway writes a credential into a request. */
export function credentialPlacement(spec: CredentialSpec): CredentialPlacement {
  switch (spec.in) {
    case 'header':
      return {
        placement: 'header',
        name: (spec.header ?? 'Authorization').toLowerCase(),
        prefix: spec.prefix ?? '',
      };
    case 'query':
      return { placement: 'query', name: spec.parameter ?? '', prefix: '' };
    case 'basic':
      return { placement: 'basic', name: '', prefix: '' };
    default:
      return spec.in satisfies never;
  }
}

/** Messages here never repeat any part of the value. */
function checkValue(spec: CredentialSpecInput, errors: FieldErrors): void {
  const { value } = spec;
  if (value === undefined) return;
  const path = 'spec.value';
  if (/[\r\n]$/.test(value)) errors.add(path, 'ends with a line break; give the value without it');
  else if (!isWellFormed(value)) errors.add(path, 'must be well-formed Unicode');
  else if (hasControlCharacter(value)) errors.add(path, 'must not hold control characters or line breaks');
  else if (value.trim() !== value) errors.add(path, 'must not begin or end with white space');
  else if (spec.in !== 'basic' && !/^[\x20-\x7e]+$/.test(value))
    errors.add(path, 'must hold ASCII characters only');
  else if (spec.in === 'basic' && !/^[^:]+:/.test(value))
    errors.add(path, 'must be user:password with `in: basic`');
}

function checkOnlyWith(spec: CredentialSpecInput, errors: FieldErrors): void {
  const rows = [
    ['header', 'header'],
    ['prefix', 'header'],
    ['parameter', 'query'],
  ] as const;
  for (const [field, placement] of rows) {
    if (spec[field] !== undefined && spec.in !== placement) {
      errors.add(`spec.${field}`, `is only for \`in: ${placement}\`; remove it (in a patch, set it to null)`);
    }
  }
  if (spec.in === 'query' && spec.parameter === undefined) {
    errors.add('spec.parameter', 'is required with `in: query`');
  }
}

/** Checks what a schema cannot say, and separates the value from what may be shown. */
export function completeCredential(
  input: CredentialSpecInput,
  errors: FieldErrors,
): { spec: CredentialSpec; value: string | undefined } {
  checkOnlyWith(input, errors);
  checkValue(input, errors);
  const { value, ...rest } = input;
  if (rest.in !== 'header') return { spec: rest, value };
  const header = rest.header ?? 'Authorization';
  const prefix = rest.prefix ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  return { spec: { in: rest.in, header, prefix, hosts: rest.hosts }, value };
}
