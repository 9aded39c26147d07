import { request } from 'undici';

export interface StatusOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status of a GET; the body is read and dropped. Rejects when there is no answer within 2 s. */
export async function statusOf(url: string, options: StatusOptions = {}): Promise<number> {
  const { statusCode, body } = await request(url, {
    headersTimeout: 2000,
    bodyTimeout: 2000,
    headers: { ...options.headers },
  });
  await body.dump();
  return statusCode;
}
