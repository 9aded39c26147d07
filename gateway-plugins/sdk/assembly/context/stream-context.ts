import { Action, PeerType } from '../types';
import { Context } from './context';

/**
 * One HTTP request with its response, or one TCP connection. Override what you need and export only those callbacks (see
 * callbacks/): the host calls every callback that the module exports, and each call costs time.
 *
 * Pause in a headers callback holds the headers until continueStream() or a local response. In Envoy it holds the body
 * too, unless the plugin is configured with `allow_on_headers_stop_iteration: true`; with it the body callback runs and
 * its return value decides when everything moves on. Pause in a body callback buffers the body; the next call sees all
 * of it. A stream whose body callback returned Pause goes on by itself when trailers arrive and the trailers callback is
 * not exported or returns Continue: decide there too.
 */
export abstract class StreamContext extends Context {
  /** `headers` fields are in requestHeaders. `endOfStream`: no body and no trailers follow. */
  onRequestHeaders(headers: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** `size` bytes are in requestBody: this chunk, or all buffered so far after a Pause. */
  onRequestBody(size: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** `trailers` fields are in requestTrailers. */
  onRequestTrailers(trailers: u32): Action {
    return Action.Continue;
  }

  /** `headers` fields are in responseHeaders. Also called for local responses. */
  onResponseHeaders(headers: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** `size` bytes are in responseBody: this chunk, or all buffered so far after a Pause. */
  onResponseBody(size: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** `trailers` fields are in responseTrailers. */
  onResponseTrailers(trailers: u32): Action {
    return Action.Continue;
  }

  /** A TCP connection was accepted. */
  onNewConnection(): Action {
    return Action.Continue;
  }

  /** `size` bytes from the client are in downstreamData. */
  onDownstreamData(size: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** `size` bytes from the upstream are in upstreamData. */
  onUpstreamData(size: u32, endOfStream: bool): Action {
    return Action.Continue;
  }

  /** The client's connection was closed. */
  onDownstreamClose(peer: PeerType): void {}

  /** The upstream's connection was closed. */
  onUpstreamClose(peer: PeerType): void {}
}
