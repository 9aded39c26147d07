import { GatewayError } from '@hiclaw/service-kit';
import type { FastifyInstance } from 'fastify';

/** Remembers which methods each path has, to answer 405 instead of 404. */
export class MethodTable {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Collects all routes that are registered after this call. */
  observe(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      const source = url
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:[A-Za-z]+/g, '[^/]+')
        .replace(/\*/g, '.*');
      const entry = this.#paths.get(url) ?? {
        pattern: new RegExp(`^${source}$`),
        methods: new Set<string>(),
      };
      for (const name of Array.isArray(method) ? method : [method]) entry.methods.add(name);
      this.#paths.set(url, entry);
    });
  }

  /** Methods of the first path that fits, sorted; empty when none does. */
  allowed(url: string): readonly string[] {
    const path = url.split('?', 1)[0] ?? '';
    const methods = new Set<string>();
    for (const entry of this.#paths.values()) {
      if (entry.pattern.test(path)) for (const method of entry.methods) methods.add(method);
    }
    return [...methods].sort();
  }

  /** Answers requests that no route takes. */
  registerNotFound(app: FastifyInstance): void {
    app.setNotFoundHandler((request, reply) => {
      const allowed = this.allowed(request.url);
      if (allowed.length === 0) {
        throw new GatewayError('NOT_FOUND', 'There is nothing at this path; /docs lists what there is.');
      }
      reply.header('allow', allowed.join(', '));
      throw new GatewayError('METHOD_NOT_ALLOWED', `This path takes ${allowed.join(', ')}.`);
    });
  }
}
