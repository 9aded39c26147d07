import type { PathModel } from './call.js';

export type EndpointKind =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'input-tokens'
  | 'gemini'
  | 'response-item'
  /** Any other whose body or path names a model. */
  | 'other';

/** What a path below an LLM path stands for. */
export interface Endpoint {
  readonly kind: EndpointKind;
  readonly methods: readonly string[];
  /** The body may be multipart/form-data. */
  readonly takesForms: boolean;
  readonly pathModel: PathModel | null;
}

const DEPLOYABLE = new Map<string, EndpointKind>([
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'other'],
  ['/images/generations', 'other'],
  ['/images/edits', 'other'],
  ['/audio/speech', 'other'],
  ['/audio/transcriptions', 'other'],
  ['/audio/translations', 'other'],
]);
const PLAIN = new Map<string, EndpointKind>([
  ...DEPLOYABLE,
  ['/messages', 'other'],
  ['/messages/count_tokens', 'other'],
  ['/responses', 'responses'],
  ['/responses/input_tokens', 'input-tokens'],
  ['/rerank', 'other'],
  ['/moderations', 'other'],
  ['/images/variations', 'other'],
]);
const FORMS = new Set([
  '/images/edits',
  '/images/variations',
  '/audio/transcriptions',
  '/audio/translations',
]);
const DEPLOYMENT = /^(\/deployments\/)([^/]*)(\/.*)$/;
const ACTION =
  /^(\/models\/)([^/]+):(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$/;
const RESPONSE_ITEM = /^\/responses\/[A-Za-z0-9_-]{1,128}(\/cancel|\/input_items)?$/;

/** What `rest` of a path, after the LLM path, stands for; null when it is nothing that is served. */
export function endpointOf(rest: string): Endpoint | null {
  const plain = PLAIN.get(rest);
  if (plain !== undefined) return post(plain, FORMS.has(rest), null);
  const [, before = '', deployment = '', operation = ''] = DEPLOYMENT.exec(rest) ?? [];
  const deployed = DEPLOYABLE.get(operation);
  if (deployed !== undefined) {
    const pathModel = { name: deployment, offset: before.length, hasResourceNames: false };
    return post(deployed, FORMS.has(operation), pathModel);
  }
  const [, models = '', name] = ACTION.exec(rest) ?? [];
  if (name !== undefined) {
    return post('gemini', false, { name, offset: models.length, hasResourceNames: true });
  }
  const item = RESPONSE_ITEM.exec(rest);
  if (item === null) return null;
  const methods = item[1] === '/cancel' ? ['POST'] : item[1] === '/input_items' ? ['GET'] : ['GET', 'DELETE'];
  return { kind: 'response-item', methods, takesForms: false, pathModel: null };
}

function post(kind: EndpointKind, takesForms: boolean, pathModel: PathModel | null): Endpoint {
  return { kind, methods: ['POST'], takesForms, pathModel };
}

/** A name that needs no decoding, so that every reader reads the same. */
export function isPathModel({ name }: PathModel): boolean {
  return name.length > 0 && name.length <= 256 && !/[%#]/.test(name);
}
