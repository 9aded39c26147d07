import { resetConnection, sendJson, sendStream } from './answer.js';
import { type Behaviour, behaviourOfModel, DEFAULT_BEHAVIOUR } from './behaviour.js';
import {
  type RecordingServer,
  type RecordingServerOptions,
  startRecordingServer,
} from './recording-server.js';

/**
 * A service that answers with what it got: `{method, url, headers, body}`. A path segment `pretend…` asks for a
 * behaviour in the words of `behaviourOfModel`: `/any/pretend-status-503`, `/pretend-idle-after-1-stream`; with `-stream`
 * in it the answer is a stream of server-sent events.
 */
export async function startEchoService(options: RecordingServerOptions = {}): Promise<RecordingServer> {
  return startRecordingServer(async (request, response) => {
    const wish = /\/(pretend[^/?]*)/.exec(request.url)?.[1] ?? '';
    const behaviour: Behaviour = { ...DEFAULT_BEHAVIOUR, ...behaviourOfModel(wish) };
    if (behaviour.resetAfter === 0) {
      resetConnection(response);
      return;
    }
    if (wish.includes('-stream')) {
      const chunk = (index: number): { data: string } => ({ data: JSON.stringify({ index }) });
      return sendStream(response, request, { head: [], chunk, tail: [] }, behaviour);
    }
    sendJson(response, behaviour.status ?? 200, {
      method: request.method,
      url: request.url,
      headers: request.rawHeaders,
      body: request.body.toString('utf8'),
    });
  }, options);
}
