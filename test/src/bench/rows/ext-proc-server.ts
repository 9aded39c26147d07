/**
 * Model policy outside of Envoy, over ext_proc: the body comes buffered over gRPC, its `model` is checked against what
 * the consumer may use, the real credential goes back as a header. Environment: `TOKEN`, `CREDENTIAL`.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadPackageDefinition, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { TOKEN = '', CREDENTIAL = '' } = process.env;
const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
const models = new Map([[digest(TOKEN), new Set(['gpt-4o'])]]);

interface ProcessingRequest {
  readonly request?: 'request_headers' | 'request_body';
  readonly request_headers?: { readonly headers: { readonly headers: readonly HeaderValue[] } };
  readonly request_body?: { readonly body: Buffer };
}
interface HeaderValue {
  readonly key: string;
  readonly raw_value?: Buffer;
}

const deps = join(dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const definition = loadSync(['envoy/service/ext_proc/v3/external_processor.proto'], {
  keepCase: true,
  oneofs: true,
  includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((folder) => join(deps, folder)),
});
const service = definition['envoy.service.ext_proc.v3.ExternalProcessor'];
if (service === undefined || 'format' in service) throw new Error('ext_proc is not in the protos');
loadPackageDefinition(definition);

const CONTINUE = { request_headers: { response: {} } };
const DENY = { immediate_response: { status: { code: 403 } } };
const ADMIT = {
  request_body: {
    response: {
      header_mutation: {
        set_headers: [
          {
            header: { key: 'authorization', raw_value: Buffer.from(`Bearer ${CREDENTIAL}`) },
            append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
          },
        ],
      },
    },
  },
};

const handlers = {
  process(call: ServerDuplexStream<ProcessingRequest, object>) {
    let allowed: ReadonlySet<string> | undefined;
    call.on('data', (message: ProcessingRequest) => {
      if (message.request_headers !== undefined) {
        const header = message.request_headers.headers.headers.find(({ key }) => key === 'authorization');
        const token = header?.raw_value?.toString('latin1').slice('Bearer '.length) ?? '';
        allowed = models.get(digest(token));
        call.write(allowed === undefined ? DENY : CONTINUE);
      } else if (message.request_body !== undefined) {
        const { model } = JSON.parse(message.request_body.body.toString('utf8')) as { model: string };
        call.write(allowed?.has(model) === true ? ADMIT : DENY);
        call.end();
      }
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  },
};

const server = new Server();
server.addService(service, handlers);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.on('disconnect', () => process.exit(0));
