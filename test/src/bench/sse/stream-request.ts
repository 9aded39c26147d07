/** What the upstream of streams reads of a request. */
export interface StreamRequest {
  /** Content chunks to send. */
  readonly max_tokens: number;
  readonly stream_options?: { readonly include_usage?: boolean };
}
