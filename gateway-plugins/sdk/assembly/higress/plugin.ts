import { PluginMaker, registerMaker } from '../context/dispatcher';
import { PluginContext } from '../context/plugin-context';
import { StreamContext } from '../context/stream-context';
import { pluginConfiguration, requestBody, responseBody } from '../hostcalls/buffer';
import { currentTimeNanoseconds, setTickPeriod } from '../hostcalls/clock';
import { logAt } from '../hostcalls/log';
import { sendLocalText } from '../hostcalls/stream';
import { parseJson } from '../json/parser';
import { JSON } from '../json/value';
import { Action, LogLevel } from '../types';
import { HttpContext } from './http-context';
import { logger } from './log';
import { RequestFacts } from './rule';
import { ParseConfigFunc, ParseRuleConfigFunc, RuleMatcher } from './rule-matcher';
import { FilterDataStatusValues, FilterHeadersStatusValues } from './values';

export type OnHttpHeadersFunc<PluginConfig> = (
  context: HttpContext,
  config: PluginConfig,
) => FilterHeadersStatusValues;
export type OnHttpBodyFunc<PluginConfig> = (
  context: HttpContext,
  config: PluginConfig,
  body: ArrayBuffer,
) => FilterDataStatusValues;

/** The handlers of a plugin. */
export class Handlers<PluginConfig> {
  parseConfig: ParseConfigFunc<PluginConfig> | null = null;
  parseRuleConfig: ParseRuleConfigFunc<PluginConfig> | null = null;
  onRequestHeaders: OnHttpHeadersFunc<PluginConfig> | null = null;
  onRequestBody: OnHttpBodyFunc<PluginConfig> | null = null;
  onResponseHeaders: OnHttpHeadersFunc<PluginConfig> | null = null;
  onResponseBody: OnHttpBodyFunc<PluginConfig> | null = null;
}

/** What the …By functions return: the handlers that this one sets. */
export class CtxOption<PluginConfig> {
  handlers: Handlers<PluginConfig> = new Handlers<PluginConfig>();
}

/** Takes the `json` of a configuration, or of one of its rules. */
export function ParseConfigBy<PluginConfig>(f: ParseConfigFunc<PluginConfig>): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.parseConfig = f;
  return option;
}

/** Takes the global configuration by `f`; each rule by `g`, which gets the global one to build upon. */
export function ParseOverrideConfigBy<PluginConfig>(
  f: ParseConfigFunc<PluginConfig>,
  g: ParseRuleConfigFunc<PluginConfig>,
): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.parseConfig = f;
  option.handlers.parseRuleConfig = g;
  return option;
}

export function ProcessRequestHeadersBy<PluginConfig>(
  f: OnHttpHeadersFunc<PluginConfig>,
): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.onRequestHeaders = f;
  return option;
}

/** `f` gets the whole body. Envoy answers 413 by itself when it exceeds the buffer limit. */
export function ProcessRequestBodyBy<PluginConfig>(f: OnHttpBodyFunc<PluginConfig>): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.onRequestBody = f;
  return option;
}

export function ProcessResponseHeadersBy<PluginConfig>(
  f: OnHttpHeadersFunc<PluginConfig>,
): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.onResponseHeaders = f;
  return option;
}

/** `f` gets the whole body. */
export function ProcessResponseBodyBy<PluginConfig>(
  f: OnHttpBodyFunc<PluginConfig>,
): CtxOption<PluginConfig> {
  const option = new CtxOption<PluginConfig>();
  option.handlers.onResponseBody = f;
  return option;
}

class HigressMaker<PluginConfig> extends PluginMaker {
  constructor(private handlers: Handlers<PluginConfig>) {
    super();
  }
  make(): PluginContext {
    return new HigressPlugin<PluginConfig>(this.handlers);
  }
}

/** Defines the plugin of this module. Call it once, at the top level. */
export function SetCtx<PluginConfig>(
  pluginName: string,
  setFuncs: Array<CtxOption<PluginConfig>> = [],
): void {
  logger.pluginName = pluginName;
  const all = new Handlers<PluginConfig>();
  for (let i = 0; i < setFuncs.length; i++) {
    const one = setFuncs[i].handlers;
    if (one.parseConfig != null) all.parseConfig = one.parseConfig;
    if (one.parseRuleConfig != null) all.parseRuleConfig = one.parseRuleConfig;
    if (one.onRequestHeaders != null) all.onRequestHeaders = one.onRequestHeaders;
    if (one.onRequestBody != null) all.onRequestBody = one.onRequestBody;
    if (one.onResponseHeaders != null) all.onResponseHeaders = one.onResponseHeaders;
    if (one.onResponseBody != null) all.onResponseBody = one.onResponseBody;
  }
  registerMaker(new HigressMaker<PluginConfig>(all));
}

class TickFunc {
  dueMs: i64 = 0;
  constructor(
    public periodMs: i64,
    public run: () => void,
  ) {}
}

// The ticks that parse functions register while a configuration is being taken.
let registeredTicks: Array<TickFunc> = new Array<TickFunc>();

/**
 * Calls a function every `tickPeriod` milliseconds. Call it from the parse function: the ticks belong to that configuration
 * and end with it.
 */
export function RegisterTickFunc(tickPeriod: i64, tickFunc: () => void): void {
  registeredTicks.push(new TickFunc(max<i64>(tickPeriod, 1), tickFunc));
}

class HigressPlugin<PluginConfig> extends PluginContext {
  matcher: RuleMatcher<PluginConfig> = new RuleMatcher<PluginConfig>();
  private ticks: Array<TickFunc> = new Array<TickFunc>();

  constructor(public handlers: Handlers<PluginConfig>) {
    super();
  }

  onConfigure(size: u32): bool {
    registeredTicks = new Array<TickFunc>();
    const parseConfig = this.handlers.parseConfig;
    if (parseConfig == null) return this.refuse('SetCtx has no ParseConfigBy');
    if (size == 0) return this.refuse('the configuration is empty');
    const parsed = parseJson(pluginConfiguration.getBytes(0, size).value);
    const json = parsed.value;
    if (json == null) return this.refuse(parsed.problem);
    if (!(json instanceof JSON.Obj)) return this.refuse('the configuration is not an object');
    const matcher = new RuleMatcher<PluginConfig>();
    if (!matcher.configure(<JSON.Obj>json, parseConfig, this.handlers.parseRuleConfig)) {
      return this.refuse(matcher.problem);
    }
    this.matcher = matcher;
    this.startTicks();
    return true;
  }

  // No part of the configuration is logged: it may hold secrets.
  private refuse(problem: string): bool {
    logAt(LogLevel.Error)
      .text('plugin', logger.pluginName)
      .text('problem', problem)
      .write('configuration refused');
    return false;
  }

  private startTicks(): void {
    this.ticks = registeredTicks;
    registeredTicks = new Array<TickFunc>();
    let shortest: i64 = 0;
    const now = <i64>(currentTimeNanoseconds().value / 1000000);
    for (let i = 0; i < this.ticks.length; i++) {
      const tick = this.ticks[i];
      tick.dueMs = now + tick.periodMs;
      if (shortest == 0 || tick.periodMs < shortest) shortest = tick.periodMs;
    }
    setTickPeriod(<u32>min<i64>(shortest, i32.MAX_VALUE)).must();
  }

  onTick(): void {
    const now = <i64>(currentTimeNanoseconds().value / 1000000);
    for (let i = 0; i < this.ticks.length; i++) {
      const tick = this.ticks[i];
      if (now < tick.dueMs) continue;
      tick.dueMs = now + tick.periodMs;
      const run = tick.run;
      run();
    }
  }

  createStreamContext(): StreamContext | null {
    return new HigressStream<PluginConfig>(this);
  }
}

class HigressStream<PluginConfig> extends HttpContext {
  private config: PluginConfig | null = null;
  private requestDone: bool = false;
  private responseDone: bool = false;

  constructor(private plugin: HigressPlugin<PluginConfig>) {
    super();
    this.needRequestBody = plugin.handlers.onRequestBody != null;
    this.needResponseBody = plugin.handlers.onResponseBody != null;
  }

  onRequestHeaders(headers: u32, endOfStream: bool): Action {
    const facts = new RequestFacts();
    this.config = this.plugin.matcher.match(facts);
    if (facts.failed) {
      logger.Error('which configuration applies could not be found out');
      sendLocalText(503, '', [], 'wasm_no_configuration').must();
      return Action.Pause;
    }
    const config = this.config;
    const handler = this.plugin.handlers.onRequestHeaders;
    if (config == null || handler == null) return Action.Continue;
    return <Action>handler(this, config);
  }

  onRequestBody(size: u32, endOfStream: bool): Action {
    const config = this.config;
    if (config == null || !this.needRequestBody) return Action.Continue;
    if (!endOfStream) return Action.Pause;
    return this.runRequestBody(config, size);
  }

  onRequestTrailers(trailers: u32): Action {
    const config = this.config;
    // With trailers the last piece of the body does not say that it is the last.
    if (config == null || !this.needRequestBody || this.requestDone) return Action.Continue;
    const size = requestBody.size();
    return this.runRequestBody(config, size.ok ? size.value : 0) == 0 ? Action.Continue : Action.Pause;
  }

  private runRequestBody(config: PluginConfig, size: u32): Action {
    this.requestDone = true;
    const handler = this.plugin.handlers.onRequestBody;
    if (handler == null) return Action.Continue;
    const body = size == 0 ? new ArrayBuffer(0) : requestBody.getBytes(0, size).value;
    return <Action>handler(this, config, body);
  }

  onResponseHeaders(headers: u32, endOfStream: bool): Action {
    const config = this.config;
    const handler = this.plugin.handlers.onResponseHeaders;
    if (config == null || handler == null) return Action.Continue;
    return <Action>handler(this, config);
  }

  onResponseBody(size: u32, endOfStream: bool): Action {
    const config = this.config;
    if (config == null || !this.needResponseBody) return Action.Continue;
    if (!endOfStream) return Action.Pause;
    return this.runResponseBody(config, size);
  }

  onResponseTrailers(trailers: u32): Action {
    const config = this.config;
    if (config == null || !this.needResponseBody || this.responseDone) return Action.Continue;
    const size = responseBody.size();
    return this.runResponseBody(config, size.ok ? size.value : 0) == 0 ? Action.Continue : Action.Pause;
  }

  private runResponseBody(config: PluginConfig, size: u32): Action {
    this.responseDone = true;
    const handler = this.plugin.handlers.onResponseBody;
    if (handler == null) return Action.Continue;
    const body = size == 0 ? new ArrayBuffer(0) : responseBody.getBytes(0, size).value;
    return <Action>handler(this, config, body);
  }
}
