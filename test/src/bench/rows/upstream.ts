import { LOAD_CORE } from '../cores.js';
import { extension } from './envoy-config.js';
import { type StockEnvoy, startStockEnvoy } from './stock-envoy.js';

/** What every upstream answers: about as long as a short completion. */
const ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(200) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 200, completion_tokens: 50, total_tokens: 250 },
});

/** The fastest upstream that is always at hand: a stock Envoy that reads the request and answers with fixed bytes. */
export function startUpstream(binary: string, folder: string): Promise<StockEnvoy> {
  return startStockEnvoy({
    name: 'upstream',
    binary,
    folder,
    core: LOAD_CORE,
    config: {
      // Without it Envoy answers before it has read the body, and closes the connection.
      filters: [
        extension('envoy.filters.http.buffer', 'extensions.filters.http.buffer.v3.Buffer', {
          max_request_bytes: 65_536,
        }),
      ],
      routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: ANSWER } } }],
    },
  });
}
