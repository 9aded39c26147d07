import { type Static, Type } from 'typebox';
import { CLOSED, formatted, Name, record } from './schema-parts.js';

/** Version of the resource API; the same as in manifests of HiClaw v1.1. */
export const API_VERSION = 'hiclaw.io/v1beta1';

const Labels = record<string>('label-key', formatted('label-value', { maxLength: 63 }), {
  maxProperties: 64,
  default: {},
  description: 'What selectors choose by.',
});

const Annotations = record<string>('label-key', formatted('plain-text', { maxLength: 4096 }), {
  maxProperties: 64,
  default: {},
  description: 'Notes of tools and people; no selector looks at them.',
});

const ServerFields = {
  uid: Type.String({ maxLength: 64, description: 'Given at creation, never used again.' }),
  resourceVersion: Type.String({
    maxLength: 20,
    description:
      'Changes with every change of the resource; also its ETag. On a write it acts like If-Match.',
  }),
  generation: Type.Integer({ minimum: 1, description: 'Rises with every change of the spec.' }),
  creationTimestamp: formatted('date-time', { maxLength: 64, description: 'When it was created.' }),
};

/** Metadata as the server gives it. */
export const Metadata = Type.Object(
  { name: Name, labels: Labels, annotations: Annotations, ...ServerFields },
  CLOSED,
);

/** Metadata as a client may send it: what the server sets is accepted, so that what was read can be sent back. */
export const MetadataInput = Type.Object(
  {
    name: Name,
    labels: Labels,
    annotations: Annotations,
    uid: Type.Optional(ServerFields.uid),
    resourceVersion: Type.Optional(ServerFields.resourceVersion),
    generation: Type.Optional(ServerFields.generation),
    creationTimestamp: Type.Optional(ServerFields.creationTimestamp),
  },
  CLOSED,
);

export type Metadata = Readonly<Static<typeof Metadata>>;
export type MetadataInput = Readonly<Static<typeof MetadataInput>>;
