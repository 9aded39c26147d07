import { GatewayError } from '@hiclaw/service-kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Bytes; a route may name a hundred thousand consumers. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function malformed(detail: string): GatewayError {
  return new GatewayError('BODY_MALFORMED', detail);
}

/** The parser's messages repeat parts of the body, which may be a secret: only the position is kept. */
function positionIn(error: unknown): string {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return position === undefined ? '' : ` at position ${position}`;
}

function parseJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`The body is not JSON${positionIn(error)}.`);
  }
}

function checkCharset(request: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    throw new GatewayError('MEDIA_TYPE_UNSUPPORTED', 'JSON is sent as UTF-8 without another charset.');
  }
}

function checkEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError(
      'MEDIA_TYPE_UNSUPPORTED',
      'Compressed bodies are not accepted; send the JSON as it is.',
    );
  }
}

/** Takes JSON bodies only. They are decoded by the handlers; here they become plain values. */
export function registerBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const types = ['application/json', 'application/merge-patch+json'];
  app.addContentTypeParser(types, { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkCharset(request);
      checkEncoding(request);
      const bytes = body as Buffer;
      done(null, bytes.length === 0 ? undefined : parseJson(bytes));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The body, or an empty object when there is none. */
export function optionalBody(request: FastifyRequest): unknown {
  return request.body ?? {};
}

/** @throws GatewayError `BODY_MISSING` */
export function requireBody(request: FastifyRequest): unknown {
  if (request.body === undefined || request.body === null) {
    throw new GatewayError(
      'BODY_MISSING',
      'This request needs a JSON body with "Content-Type: application/json".',
    );
  }
  return request.body;
}
