import { randomBytes } from 'node:crypto';
import { sendJson } from './answer.js';
import { type RecordedRequest, type RecordingServer, startRecordingServer } from './recording-server.js';

/** A pretend OAuth 2 authorization server (RFC 6749) that rotates refresh tokens at every use. */
export interface TokenServer extends RecordingServer {
  /** The refresh token that works now. */
  readonly refreshToken: string;
  /** How often one that no longer works was used: a rotation was lost. */
  readonly reuses: number;
  /** How many access tokens it has given out. */
  readonly issued: number;
  /** Whether an access token is good at this moment. */
  admits(accessToken: string): boolean;
  /** From now on every request is answered with 503. */
  fail(failing: boolean): void;
}

export async function startTokenServer(lifetimeSeconds: number): Promise<TokenServer> {
  const endsAt = new Map<string, number>();
  let refreshToken = randomBytes(16).toString('hex');
  let reuses = 0;
  let failing = false;
  const grant = (request: RecordedRequest): { status: number; body: object } => {
    const form = new URLSearchParams(request.body.toString('utf8'));
    if (failing) return { status: 503, body: { error: 'temporarily_unavailable' } };
    if (form.get('grant_type') === 'refresh_token') {
      if (form.get('refresh_token') !== refreshToken) {
        reuses++;
        return { status: 400, body: { error: 'invalid_grant' } };
      }
      refreshToken = randomBytes(16).toString('hex');
    }
    const accessToken = `at-${randomBytes(16).toString('hex')}`;
    endsAt.set(accessToken, performance.now() + lifetimeSeconds * 1000);
    const body = { access_token: accessToken, token_type: 'Bearer', expires_in: lifetimeSeconds };
    return { status: 200, body: { ...body, refresh_token: refreshToken } };
  };
  const server = await startRecordingServer((request, response) => {
    const { status, body } = grant(request);
    sendJson(response, status, body);
  });
  return {
    ...server,
    get refreshToken() {
      return refreshToken;
    },
    get reuses() {
      return reuses;
    },
    get issued() {
      return endsAt.size;
    },
    admits: (accessToken) => (endsAt.get(accessToken) ?? 0) > performance.now(),
    fail: (value) => (failing = value),
  };
}
