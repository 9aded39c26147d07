import {
  ALL_KINDS,
  API_VERSION,
  CLOSED,
  formatted,
  type Kind,
  type KindDefinition,
  LlmAllowedConsumers,
  Metadata,
  PlainAllowedConsumers,
  RESOURCE_INPUTS,
} from '@hiclaw/resources';
import { type TSchema, Type } from 'typebox';
import { INPUT_EXAMPLES } from './examples.js';
import { PROVIDER_COMPONENTS } from './providers-api.js';
import { LIMITS_COMPONENTS } from './limits-api.js';
import { USAGE_COMPONENTS } from './usage-schemas.js';

const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Moment = formatted('date-time');
const NullableMoment = Type.Union([Moment, Type.Null()]);
const Ref = (name: string): TSchema => Type.Unsafe({ $ref: `${name}#` });

const Condition = Type.Object(
  {
    type: Text,
    status: Type.Unsafe({ type: 'string', enum: ['True', 'False'] }),
    reason: Text,
    message: Text,
  },
  CLOSED,
);

const GrantOnRoute = Type.Object(
  { name: Text, models: Type.Optional(Type.Array(Text)), source: Text },
  CLOSED,
);

const STATUS_FIELDS: Readonly<Record<Kind, Record<string, TSchema>>> = {
  Credential: { valueVersion: Count },
  Provider: {},
  LlmRoute: { allowedConsumers: Type.Array(GrantOnRoute) },
  McpServer: { allowedConsumers: Type.Array(GrantOnRoute) },
  ServiceRoute: { allowedConsumers: Type.Array(GrantOnRoute) },
  Consumer: { revoked: Type.Boolean(), revokedAt: NullableMoment, tokens: Count },
};

/** All fields of the status are missing in the answer to a dry run. */
function statusOf(kind: Kind): TSchema {
  const fields = {
    observedGeneration: Count,
    conditions: Type.Array(Ref('Condition')),
    ...STATUS_FIELDS[kind],
  };
  return Type.Partial(Type.Object(fields, CLOSED));
}

function resourceSchema({ kind, spec, granted }: KindDefinition): TSchema {
  const consumers = kind === 'LlmRoute' ? LlmAllowedConsumers : PlainAllowedConsumers;
  const shown = granted ? Type.Object({ ...spec.properties, allowedConsumers: consumers }, CLOSED) : spec;
  const fields = {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal(kind),
    metadata: Metadata,
    spec: shown,
    status: statusOf(kind),
  };
  return Type.Object(fields, CLOSED);
}

const Page = Type.Object(
  {
    resourceVersion: Type.Optional(Text),
    continue: Type.Optional(Text),
    remainingItemCount: Type.Optional(Count),
  },
  CLOSED,
);

function listSchema(kind: Kind): TSchema {
  const fields = {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal(`${kind}List`),
    metadata: Ref('Page'),
  };
  return Type.Object({ ...fields, items: Type.Array(Ref(kind)) }, CLOSED);
}

interface SchemaNode {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
}

/** For documents of input: a field with a default may be left out. The decoder reads it so; JSON Schema must be told. */
function asInput(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asInput);
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, name === 'default' ? value : asInput(value)]),
  );
  const { required, properties } = node as SchemaNode;
  if (Array.isArray(required) && properties !== undefined) {
    const left = (required as readonly string[]).filter((name) => properties[name]?.default === undefined);
    if (left.length === 0) delete copy['required'];
    else copy['required'] = left;
  }
  return copy;
}

function inputSchema({ kind }: KindDefinition): object {
  const schema = asInput(RESOURCE_INPUTS[kind]) as { required?: string[] };
  // The path of PUT gives the name, so metadata may be left out there.
  return {
    ...schema,
    required: schema.required?.filter((name) => name !== 'metadata') ?? [],
    examples: [INPUT_EXAMPLES[kind]],
  };
}

const tokenFields = {
  id: Text,
  consumer: Text,
  description: Text,
  createdAt: Moment,
  expiresAt: NullableMoment,
};
const secretToken = Type.Optional(
  Type.String({ description: 'Shown here only. Absent after a dry run.', examples: ['hck_…'] }),
);
const grantedNames = Type.Unsafe({
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
});

const ReplicaApplied = Type.Object(
  { id: Text, applied: Type.Boolean(), ms: Type.Number(), error: Type.Optional(Text) },
  CLOSED,
);

const GatewayReplica = Type.Object(
  {
    id: Text,
    envoyVersion: Text,
    connected: Type.Boolean(),
    appliedPolicyVersion: Type.Union([Count, Type.Null()]),
    lastError: Type.Union([Type.Object({ at: Moment, resource: Text, message: Text }, CLOSED), Type.Null()]),
  },
  CLOSED,
);

const AuditRecord = Type.Object(
  {
    sequence: Count,
    at: Moment,
    actor: Text,
    action: Text,
    kind: Text,
    name: Text,
    policyVersion: Count,
    requestId: Text,
    changes: Type.Array(
      Type.Object(
        { path: Text, before: Type.Optional(Type.Unknown()), after: Type.Optional(Type.Unknown()) },
        CLOSED,
      ),
    ),
    previousHash: Text,
    hash: Text,
  },
  CLOSED,
);

const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Text,
    status: Type.Integer(),
    code: Type.String({ description: 'Stable, for programs.' }),
    detail: Type.String({ description: 'For people: what is wrong and what to do.' }),
    requestId: Type.Optional(Text),
    errors: Type.Optional(Type.Array(Type.Object({ path: Text, message: Text }, CLOSED))),
  },
  {
    ...CLOSED,
    examples: [
      {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        code: 'INVALID_INPUT',
        detail: 'The input is not valid; nothing was changed.',
        errors: [{ path: 'spec.baseURL', message: 'unknown field; did you mean "baseUrl"?' }],
      },
    ],
  },
);

/** Every schema that the document names, by name. */
export const COMPONENTS: Readonly<Record<string, object>> = {
  Condition,
  Page,
  Problem,
  MergePatch: {
    type: 'object',
    description: 'JSON merge patch (RFC 7396): null removes a field, lists are replaced.',
    examples: [{ spec: { disabled: true } }],
  },
  ...Object.fromEntries(
    ALL_KINDS.flatMap((definition) => [
      [definition.kind, resourceSchema(definition)],
      [`${definition.kind}Input`, inputSchema(definition)],
      [`${definition.kind}List`, listSchema(definition.kind)],
    ]),
  ),
  ...PROVIDER_COMPONENTS,
  Grant: GrantOnRoute,
  TokenList: Type.Object(
    { items: Type.Array(Type.Object({ ...tokenFields, expired: Type.Boolean() }, CLOSED)) },
    CLOSED,
  ),
  IssuedToken: Type.Object({ ...tokenFields, token: secretToken }, CLOSED),
  RotatedToken: Type.Object(
    {
      ...tokenFields,
      token: secretToken,
      ending: Type.Array(Type.Object({ id: Text, expiresAt: NullableMoment }, CLOSED)),
    },
    CLOSED,
  ),
  Access: Type.Object(
    {
      consumer: Text,
      policyVersion: Count,
      revoked: Type.Boolean(),
      disabled: Type.Boolean(),
      expiresAt: NullableMoment,
      llmRoutes: grantedNames,
      mcpServers: grantedNames,
      serviceRoutes: grantedNames,
      grants: Type.Array(
        Type.Object({ route: Text, models: Type.Optional(Type.Array(Text)), source: Text }, CLOSED),
      ),
    },
    CLOSED,
  ),
  Applied: Type.Object(
    {
      policyVersion: Count,
      applied: Type.Union([Type.Boolean(), Type.Null()]),
      replicas: Type.Array(ReplicaApplied),
    },
    CLOSED,
  ),
  GatewayList: Type.Object(
    {
      policyVersion: Count,
      servedPolicyVersion: Type.Union([Count, Type.Null()], {
        description:
          'What gateways are given; behind `policyVersion` while `problems` keep a newer one back.',
      }),
      problems: Type.Array(Type.Object({ code: Text, message: Text }, CLOSED)),
      items: Type.Array(GatewayReplica),
    },
    CLOSED,
  ),
  AuditList: Type.Object({ metadata: Ref('Page'), items: Type.Array(AuditRecord) }, CLOSED),
  AuditVerification: Type.Object(
    { records: Count, brokenAt: Type.Union([Count, Type.Null()]), head: Text },
    CLOSED,
  ),
  ...USAGE_COMPONENTS,
  ...LIMITS_COMPONENTS,
  VaultRotation: Type.Object({ keyId: Text, rewrapped: Count }, CLOSED),
  Health: Type.Object({ status: Type.Literal('ok'), version: Text, policyVersion: Count }, CLOSED),
};
