import { chmod, rm } from 'node:fs/promises';
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { GatewayError, type Logger } from '@hiclaw/service-kit';
import { typeUrl } from '../render/json.js';
import type { SnapshotResource } from '../snapshot/snapshot.js';
import type { Codec, PackedMessage } from './codec.js';
import { type DiscoveryRequest, type GatewayNode, readNode, requestType } from './discovery.js';
import type { Fleet } from './fleet.js';
import { Session, type SessionResponse } from './session.js';
import { checkSocketPath } from './socket-path.js';

interface DiscoveryResponse {
  readonly version_info: string;
  readonly resources: readonly PackedMessage[];
  readonly type_url: string;
  readonly nonce: string;
}

type AdsStream = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

/** The xDS transport: aggregated discovery, state of the world, over a Unix socket. */
export class AdsServer implements AsyncDisposable {
  readonly #server = new Server({ 'grpc.max_send_message_length': -1 });
  readonly #codec: Codec;
  readonly #fleet: Fleet;
  readonly #log: Logger;
  /** Packed once, sent to every gateway. */
  readonly #packed = new WeakMap<SnapshotResource, readonly PackedMessage[]>();

  constructor(codec: Codec, fleet: Fleet, log: Logger) {
    this.#codec = codec;
    this.#fleet = fleet;
    this.#log = log;
    this.#server.addService(codec.service, {
      StreamAggregatedResources: (stream: AdsStream) => {
        this.#serve(stream);
      },
    });
  }

  /**
   * Listens; the socket is only for this user (mode 0600).
   *
   * @throws GatewayError `SOCKET_UNAVAILABLE`
   */
  async listen(socketPath: string): Promise<void> {
    checkSocketPath(socketPath);
    // What a killed server left behind would be in the way.
    await rm(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(socketUnavailable(socketPath, error));
      });
    });
    await chmod(socketPath, 0o600);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    return Promise.resolve();
  }

  #serve(stream: AdsStream): void {
    let session: Session | null = null;
    const end = (): void => {
      if (session === null) return;
      this.#log.info({ gateway: session.node.id }, 'gateway disconnected');
      this.#fleet.disconnect(session);
      session = null;
    };
    stream.on('data', (request: DiscoveryRequest) => {
      if (session === null) {
        session = this.#connect(stream, request);
        if (session === null) return;
      }
      this.#receive(session, request);
    });
    stream.on('error', end);
    stream.on('cancelled', end);
    stream.on('end', () => {
      end();
      stream.end();
    });
  }

  #connect(stream: AdsStream, request: DiscoveryRequest): Session | null {
    let node: GatewayNode;
    try {
      node = readNode(request.node);
    } catch (error) {
      const message = error instanceof RangeError ? error.message : 'node cannot be read';
      this.#refuse(stream, status.INVALID_ARGUMENT, message);
      return null;
    }
    const session = new Session(node, (response) => {
      stream.write(this.#encode(response));
    });
    if (!this.#fleet.connect(session, request)) {
      this.#refuse(stream, status.ALREADY_EXISTS, `a gateway with node.id "${node.id}" is connected already`);
      return null;
    }
    this.#log.info({ gateway: node.id, envoy: node.envoyVersion }, 'gateway connected');
    return session;
  }

  #receive(session: Session, request: DiscoveryRequest): void {
    const answer = this.#fleet.receive(session, request);
    if (answer === null) return;
    const fields = { gateway: session.node.id, type: requestType(request), resource: answer.resource };
    if (answer.refusal === null) this.#log.debug(fields, 'gateway accepted');
    else this.#log.error({ ...fields, refusal: answer.refusal }, 'gateway refused; it keeps what it had');
  }

  #refuse(stream: AdsStream, code: status, details: string): void {
    this.#log.warn({ details }, 'gateway turned away');
    stream.emit('error', { code, details });
  }

  #encode({ type, version, nonce, resource }: SessionResponse): DiscoveryResponse {
    return { version_info: version, type_url: typeUrl(type), nonce, resources: this.#pack(resource) };
  }

  #pack(resource: SnapshotResource): readonly PackedMessage[] {
    const before = this.#packed.get(resource);
    if (before !== undefined) return before;
    const packed = resource.messages.map((message) => this.#codec.pack(message));
    this.#packed.set(resource, packed);
    return packed;
  }
}

function socketUnavailable(socketPath: string, cause: Error): GatewayError {
  return new GatewayError('SOCKET_UNAVAILABLE', `cannot listen on ${socketPath}`, { cause });
}
