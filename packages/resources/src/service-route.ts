import { type Static, Type } from 'typebox';
import { PlainAllowedConsumers } from './allowed-consumers.js';
import { CaCertificates, CLOSED, CredentialName, formatted, words } from './schema-parts.js';

const AllowRule = Type.Object(
  {
    methods: Type.Array(words(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']), {
      minItems: 1,
      maxItems: 7,
    }),
    paths: Type.Array(formatted('path-pattern'), {
      minItems: 1,
      maxItems: 64,
      description: 'Path patterns below the base URL; `*` within a segment, `**` across segments.',
    }),
  },
  CLOSED,
);

const serviceRouteFields = {
  baseUrl: formatted('upstream-url', {
    description: 'Where the service is, such as https://api.github.com.',
  }),
  credential: Type.Optional(CredentialName),
  allow: Type.Array(AllowRule, {
    minItems: 1,
    maxItems: 64,
    description: 'Which requests are admitted: any rule that matches.',
  }),
  caCertificates: Type.Optional(CaCertificates),
};

/** Another HTTP service, reached at `/services/<name>/…`. */
export const ServiceRouteSpec = Type.Object(serviceRouteFields, CLOSED);
export type ServiceRouteSpec = Readonly<Static<typeof ServiceRouteSpec>>;
export const ServiceRouteSpecInput = Type.Object(
  { ...serviceRouteFields, allowedConsumers: Type.Optional(PlainAllowedConsumers) },
  CLOSED,
);
export type ServiceRouteSpecInput = Readonly<Static<typeof ServiceRouteSpecInput>>;
