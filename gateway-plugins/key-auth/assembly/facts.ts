// What a request says, as far as the decision rests on it: one record, filled for each request, in fixed memory.

/** Two of the same header, or more. */
export const REPEATED: u32 = 2;

@unmanaged
export class Facts {
  method: usize;
  methodLength: usize;
  /** Without the query. */
  path: usize;
  pathLength: usize;
  /** After the question mark. */
  query: usize;
  queryLength: usize;
  authorization: usize;
  authorizationLength: usize;
  authorizationCount: u32;
  apiKey: usize;
  apiKeyLength: usize;
  apiKeyCount: u32;
  /** `hck_` stands somewhere but in the credential headers. */
  tokenElsewhere: bool;
  hasUpgrade: bool;
  isAnthropic: bool;
  /** Some content-encoding but `identity`. */
  isEncoded: bool;
  contentType: usize;
  contentTypeLength: usize;
  contentTypeCount: u32;
  /** Largest of the content-lengths; a number too large to hold is as large as can be. */
  contentLength: u64;
  /** Headers by which a client claims an identity or speaks for the gateway; they are removed. */
  identityHeaders: u32;
  /** All of the request's headers, as the host gave them. */
  pairs: usize;
}

/** The request being looked at. */
export const facts: Facts = changetype<Facts>(memory.data(128, 8));

export function clearFacts(): void {
  memory.fill(changetype<usize>(facts), 0, offsetof<Facts>());
}
