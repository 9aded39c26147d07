// Limits the requests of each client, counted over all workers of the gateway.
// Configuration: {"header": "x-client", "requests": 10, "windowMs": 1000}
export * from '@hiclaw/proxy-wasm/assembly/callbacks/core';
export * from '@hiclaw/proxy-wasm/assembly/callbacks/request';
import {
  Action,
  Counter,
  currentTimeNanoseconds,
  getSharedData,
  HeaderPair,
  logAt,
  LogLevel,
  pluginConfiguration,
  PluginContext,
  registerPlugin,
  requestHeaders,
  sendLocalText,
  setSharedData,
  Status,
  StreamContext,
} from '@hiclaw/proxy-wasm/assembly';
import { parseJsonObject } from '@hiclaw/proxy-wasm/assembly/json';

const MAX_ATTEMPTS = 10;

class RateLimit extends PluginContext {
  header: string = '';
  requests: i64 = 0;
  windowMs: i64 = 0;
  refused: Counter = Counter.define('rate_limit_refused').value;

  onConfigure(size: u32): bool {
    if (size == 0) return false;
    const json = parseJsonObject(pluginConfiguration.getBytes(0, size).value);
    if (!json.ok) return false;
    const header = json.value.getString('header');
    const requests = json.value.getInteger('requests');
    const windowMs = json.value.getInteger('windowMs');
    if (header == null || requests == null || windowMs == null || windowMs.valueOf() < 1) return false;
    this.header = header.valueOf();
    this.requests = requests.valueOf();
    this.windowMs = windowMs.valueOf();
    return true;
  }

  createStreamContext(): StreamContext | null {
    return new LimitedStream(this);
  }

  /** Counts a request; false when the client has none left, or when counting failed. */
  take(client: string): bool {
    const window = <i64>(currentTimeNanoseconds().value / 1000000) / this.windowMs;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const shared = getSharedData('rate-limit:' + client);
      if (!shared.ok && shared.status != Status.NotFound) return false;
      // The value is "<window> <count>".
      const parts = shared.ok ? shared.value.text.split(' ') : ['', '0'];
      const used = parts[0] == window.toString() ? I64.parseInt(parts[1]) : 0;
      if (used >= this.requests) return false;
      const next = String.UTF8.encode(window.toString() + ' ' + (used + 1).toString());
      if (setSharedData('rate-limit:' + client, next, shared.ok ? shared.value.cas : 0).ok) return true;
    }
    return false;
  }
}

class LimitedStream extends StreamContext {
  constructor(private plugin: RateLimit) {
    super();
  }

  onRequestHeaders(headers: u32, endOfStream: bool): Action {
    const client = requestHeaders.get(this.plugin.header).or('');
    if (this.plugin.take(client)) return Action.Continue;
    this.plugin.refused.add().must();
    logAt(LogLevel.Debug).text('client', client).write('refused');
    sendLocalText(429, 'too many requests\n', [HeaderPair.of('retry-after', '1')], 'rate_limit').must();
    return Action.Pause;
  }
}

registerPlugin(() => new RateLimit());
