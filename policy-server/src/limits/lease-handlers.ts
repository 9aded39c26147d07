import type { CallbackAnswer, CallbackHandler, CallbackRequest } from '../xds/callback-server.js';
import { readClaims, readSpeaker, type Recall, writeAnswers, writeRecalls } from './lease-wire.js';
import type { Limits } from './limits.js';

/** How long a question for recalls stays open. Envoy gives up on it after 30 s. */
const POLL_MS = 25_000;

const BAD_REQUEST: CallbackAnswer = { status: 400 };
const NOTHING: CallbackAnswer = { status: 204 };
/** Another process of the same gateway has followed the one that speaks. */
const GONE: CallbackAnswer = { status: 410 };
const UNAVAILABLE: CallbackAnswer = { status: 503 };

/** What plugins call about leases: `POST /leases` and `POST /recalls`, as lines of words. */
export function leaseHandlers(limits: Limits, nowMs: () => number): ReadonlyMap<string, CallbackHandler> {
  return new Map<string, CallbackHandler>([
    ['/leases', (request) => claim(limits, request, nowMs)],
    ['/recalls', (request) => wait(limits, request)],
  ]);
}

async function claim(
  limits: Limits,
  { url, node, body }: CallbackRequest,
  nowMs: () => number,
): Promise<CallbackAnswer> {
  const speaker = readSpeaker('/leases', url, node);
  const claims = readClaims(body);
  if (speaker === null || claims === null) return BAD_REQUEST;
  try {
    const answers = await limits.claim(speaker, claims);
    return answers === null ? GONE : { status: 200, body: writeAnswers(answers, nowMs()) };
  } catch {
    // Logged where it happened. The gateway does not get what is not kept.
    return UNAVAILABLE;
  }
}

function wait(limits: Limits, { url, node, body, signal }: CallbackRequest): Promise<CallbackAnswer> {
  const speaker = readSpeaker('/recalls', url, node);
  if (speaker === null || body !== '') return Promise.resolve(BAD_REQUEST);
  return new Promise((resolve) => {
    const leave = (): void => {
      clearTimeout(timer);
      limits.polls.leave(speaker.vm, answer);
      resolve(NOTHING);
    };
    const answer = (recalls: readonly Recall[]): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(recalls.length === 0 ? NOTHING : { status: 200, body: writeRecalls(recalls) });
    };
    const timer = setTimeout(leave, POLL_MS);
    signal.addEventListener('abort', leave, { once: true });
    if (!limits.waitForRecalls(speaker, answer)) {
      clearTimeout(timer);
      resolve(GONE);
    }
  });
}
