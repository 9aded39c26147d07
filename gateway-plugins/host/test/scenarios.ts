import type { Scenario } from './scenario.js';

const ON_CALLOUT =
  'get 6 :status; get 6 x-callout; size 6; pairs 7; body 4 0 100; status; effectivestream; get 0 :path; body 0 0 100';
const ROOT_READS =
  'body 6 0 100; body 7 0 100; body 4 0 100; body 0 0 100; get 0 x; pairs 0; size 0; add 0 a b; get 6 x; ' +
  'setprop a b; prop a; prop xds~node~id; prop xds~node~metadata~color; prop node~id; prop plugin_name; prop plugin_root_id; ' +
  'prop plugin_vm_id; prop request~path; prop xds~none; reply 403 no; continue 0; continue 3; close 0; effective 0; done; status; loglevel';

/** The wasm filter of each listener has its own plugin configuration: a program for the plugin context. */
export const LISTENERS = [
  { name: 'stop-all', configuration: `http_call_response: ${ON_CALLOUT}; continue 0`, allowOnHeadersStopIteration: false },
  { name: 'stop-iteration', configuration: 'configure: return 1', allowOnHeadersStopIteration: true },
  { name: 'close-on-callout', configuration: `http_call_response: ${ON_CALLOUT}; close 0; get 0 :path`, allowOnHeadersStopIteration: false },
  { name: 'reply-on-callout', configuration: `http_call_response: ${ON_CALLOUT}; reply 403 cut+off; get 0 :path`, allowOnHeadersStopIteration: false },
  {
    name: 'root',
    configuration: `create: ${ROOT_READS} | vm_start: ${ROOT_READS} | configure: tickperiod 10; ${ROOT_READS} | tick#1: ${ROOT_READS}; call callout :method=GET,:path=/,:authority=x | tick: tickperiod 0 | http_call_response: ${ROOT_READS}`,
    allowOnHeadersStopIteration: false,
  },
  { name: 'chained', configuration: '', allowOnHeadersStopIteration: false, cluster: 'filtered' },
  { name: 'pushed', configuration: 'configure: id | done: id', allowOnHeadersStopIteration: false, pushed: true },
] as const; // prettier-ignore

const MAPS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const BUFFERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const ALL_READS = [
  ...MAPS.map((map) => `get ${map} x-none`),
  ...MAPS.filter((map) => map !== 0).map((map) => `pairs ${map}`),
  ...MAPS.filter((map) => map !== 0).map((map) => `size ${map}`),
  ...BUFFERS.map((type) => `body ${type} 0 100`),
  ...BUFFERS.map((type) => `bstat ${type}`),
].join('; ');
const ALL_WRITES = [
  ...MAPS.map((map) => `add ${map} x-added ${map}`),
  ...MAPS.map((map) => `set ${map} x-set ${map}`),
  ...MAPS.map((map) => `del ${map} x-none`),
  ...BUFFERS.filter((type) => type > 1).map((type) => `bset ${type} 0 0 x`),
].join('; ');
const EVERY_PHASE = [
  'request_headers', 'request_body', 'request_trailers', 'response_headers', 'response_body', 'response_trailers', 'log',
  'done', 'delete',
]; // prettier-ignore
// When the log is written, Envoy has put its own date and server into the response headers.
const inEveryPhase = (steps: string): string =>
  EVERY_PHASE.map((phase) => `${phase}: ${phase === 'log' ? steps.replace('pairs 2; ', '') : steps}`).join(
    ' | ',
  );
const FULL = {
  request: { chunks: ['one', 'two'], trailers: [['x-rt', 'a']] },
  response: { headers: [['x-up', 'b']], chunks: ['three', 'four'], trailers: [['x-st', 'c']] },
} as const;
const BODY = 'body 0 0 100; bstat 0';
const RESPONSE_BODY = 'body 1 0 100; bstat 1';

/** Names whose values Envoy joins, and names whose values it keeps apart. */
const REQUEST_NAMES = [
  'cookie', 'user-agent', 'x-forwarded-for', 'authorization', 'accept', 'content-type', 'via', 'x-request-id', 'cache-control', 'origin', 'accept-encoding', 'referer', 'x-api-key', 'x-forwarded-host', 'content-encoding', 'accept-language', 'proxy-authorization', 'traceparent', 'etag', 'pragma', 'range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'access-control-request-method', 'access-control-request-headers', 'access-control-request-private-network', 'grpc-accept-encoding', 'grpc-encoding', 'x-grpc-web', 'grpc-message', 'grpc-status', 'grpc-timeout', 'forwarded', 'warning', 'x-forwarded-port', 'tracestate', 'baggage', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-parentspanid', 'x-b3-flags', 'x-ot-span-context', 'x-datadog-trace-id', 'x-amzn-trace-id', 'x-cloud-trace-context', 'grpc-trace-bin', 'date', 'server', 'location', 'priority', 'from', 'sec-fetch-site', 'x-real-ip', 'anthropic-version', 'openai-organization', 'idempotency-key', 'mcp-session-id', 'x-client-trace-id', 'content-language', 'content-location', 'x-content-type-options', 'alt-svc', 'max-forwards',
]; // prettier-ignore
const RESPONSE_NAMES = [
  'set-cookie', 'content-type', 'date', 'vary', 'location', 'cache-control', 'etag', 'www-authenticate', 'content-encoding', 'age', 'expires', 'last-modified', 'accept-ranges', 'access-control-allow-origin', 'access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-credentials', 'access-control-expose-headers', 'access-control-max-age', 'access-control-allow-private-network', 'content-language', 'content-disposition', 'retry-after', 'allow', 'link', 'warning', 'pragma', 'grpc-encoding', 'grpc-accept-encoding', 'grpc-message', 'via', 'x-request-id', 'accept', 'authorization', 'x-frame-options', 'strict-transport-security', 'alt-svc', 'cookie', 'user-agent', 'referer', 'origin', 'accept-encoding', 'content-range', 'x-ratelimit-remaining', 'x-envoy-immediate-health-check-fail', 'x-envoy-degraded', 'x-envoy-ratelimited', 'x-envoy-upstream-canary', 'x-envoy-upstream-healthchecked-cluster', 'trailer',
]; // prettier-ignore

const NAMES_A_SCENARIO = 12;

/** Two values from the peer, a third from the plugin. */
function joined(side: 'request' | 'response', names: readonly string[]): Scenario[] {
  const parts = Array.from({ length: Math.ceil(names.length / NAMES_A_SCENARIO) }, (_, i) =>
    names.slice(i * NAMES_A_SCENARIO, (i + 1) * NAMES_A_SCENARIO),
  );
  return parts.map((part, index) => ({
    name: `joined ${side} headers ${index + 1}`,
    program: `${side}_headers: ${part.map((name) => `add ${side === 'request' ? 0 : 2} ${name} 3; `).join('')} pairs ${side === 'request' ? 0 : 2}`,
    [side]: { headers: part.flatMap((name) => [[name, '1'], [name, '2']] as const) },
  })); // prettier-ignore
}

/** Each runs in real Envoy and in the host; every line and byte must agree. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'reads in every phase', program: inEveryPhase(ALL_READS), ...FULL },
  { name: 'writes in every phase', program: inEveryPhase(ALL_WRITES), ...FULL },
  { name: 'all pairs', program: inEveryPhase('pairs 0; pairs 1; pairs 2; pairs 3'), ...FULL },
  { name: 'sizes', program: 'request_headers: size 0 | response_headers: size 2', ...FULL },
  {
    name: 'header values',
    program:
      'request_headers: get 0 X-Multi; get 0 x-multi; get 0 x-empty; get 0 host; get 0 :authority; set 0 host other; ' +
      'get 0 :authority; add 0 X-New 1; add 0 x-new 2; get 0 x-new; set 0 x-multi 9; add 0 x-multi 10; del 0 x-empty; ' +
      "set 0 x-blank ''; get 0 x-blank; set 0 x-byte é; add 0 :path /other; get 0 :path; pairs 0",
    request: { headers: [['x-multi', '1'], ['X-Multi', '2'], ['x-empty', ''], ['x-last', 'z']] },
  }, // prettier-ignore
  ...joined('request', REQUEST_NAMES),
  ...joined('response', RESPONSE_NAMES),
  { name: 'set pairs', program: 'request_headers: setpairs 0 :method=GET,:path=/new,:authority=probe,:scheme=http,X-A=1,x-a=2,x-forwarded-proto=http; pairs 0' },
  { name: 'buffer clamping', program: 'request_body: body 0 0 2; body 0 2 100; body 0 3 1; body 0 4 1; body 0 1 4294967295; body 0 4294967295 4294967295; body 0 0 0; body 0 4294967295 1', request: { chunks: ['one'] } },
  { name: 'body passes piece by piece', program: `request_body: ${BODY} | response_body: ${RESPONSE_BODY}`, ...FULL },
  { name: 'body is held until its end', program: `request_body: ${BODY}; return 1 | request_body#4: ${BODY}; return 0`, request: { chunks: ['one', 'two', 'three'] } },
  { name: 'body with a length', program: `request_body: ${BODY}; return 1 | request_body#3: ${BODY}`, request: { chunks: ['one', 'two'], framing: 'length' } },
  { name: 'body with a length in one read', program: `request_body: ${BODY}; return 1 | request_body#2: ${BODY}`, request: { chunks: ['one'], framing: 'one-read' } },
  { name: 'held body, then trailers', program: `request_body: ${BODY}; return 1 | request_trailers: ${BODY}; pairs 1; get 0 x-program; get 0 :path`, ...FULL },
  { name: 'held body, trailers pause too', program: `request_body: ${BODY}; return 1 | request_trailers: ${BODY}; return 1`, ...FULL },
  { name: 'some pieces held', program: `request_body: ${BODY}; return 1 | request_body#2: ${BODY}; return 0 | request_body#4: ${BODY}; return 0`, request: { chunks: ['one', 'two', 'three'] } },
  { name: 'watermark', program: `request_body: ${BODY}; return 2 | request_body#3: ${BODY}; return 0`, request: { chunks: ['one', 'two'] } },
  { name: 'no buffer', program: `request_body: ${BODY}; return 3 | request_body#3: ${BODY}; return 0`, request: { chunks: ['one', 'two'] } },
  { name: 'unknown body action', program: `request_body: ${BODY}; return 7`, request: { chunks: ['one', 'two'] } },
  { name: 'headers pause all', program: `request_headers: return 1 | request_body: ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'headers pause, body decides', listener: 'stop-iteration', program: `request_headers: return 1 | request_body: get 0 :path; set 0 x-late 1; ${BODY}; return 1 | request_body#3: get 0 :path; set 0 x-late 2; ${BODY}; return 0`, request: { chunks: ['one', 'two'] } },
  { name: 'headers pause, first piece goes on', listener: 'stop-iteration', program: `request_headers: return 1 | request_body: get 0 :path; set 0 x-late 1; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'headers pause, trailers decide', listener: 'stop-iteration', program: `request_headers: return 1 | request_body: ${BODY}; return 1 | request_trailers: set 0 x-late 1; ${BODY}`, ...FULL },
  { name: 'headers pause without a body', listener: 'stop-iteration', program: 'request_headers: return 1' },
  { name: 'headers action 2', program: 'request_headers: return 2' },
  { name: 'headers action 3', program: `request_headers: return 3 | request_body: ${BODY}`, request: { chunks: ['one'] } },
  { name: 'headers unknown action', program: 'request_headers: return 9' },
  { name: 'body replaced', program: `request_body: bset 0 0 100 new; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'body partly replaced', program: `request_body: bset 0 0 1 new; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'body prepended', program: `request_body: bset 0 0 0 new; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'body appended', program: `request_body: bset 0 3 0 new; bset 0 100 0 newer; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'body replaced in the middle', program: `request_body: bset 0 1 1 new; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'held body replaced at the end', program: `request_body: return 1 | request_body#3: bset 0 0 100 new; ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'trailers added', program: 'request_body#2: get 1 x-t; add 1 x-t 1; get 1 x-t; pairs 1', request: { chunks: ['one'] } },
  { name: 'response held', program: `response_body: ${RESPONSE_BODY}; return 1 | response_body#3: ${RESPONSE_BODY}; bset 1 0 100 other`, ...FULL, response: { chunks: ['three', 'four'] } },
  { name: 'response held until trailers', program: `response_body: ${RESPONSE_BODY}; return 1 | response_trailers: ${RESPONSE_BODY}`, ...FULL },
  { name: 'response headers pause all', program: 'response_headers: return 1', ...FULL },
  { name: 'response headers pause, body goes on', listener: 'stop-iteration', program: `response_headers: return 1 | response_body: set 2 x-late 1; ${RESPONSE_BODY}`, ...FULL },
  { name: 'local response', program: `request_headers: reply 403 no x-a=1,X-A=2 some+details; return 0 | response_headers: pairs 2; get 0 :path; set 0 x 1 | response_body: ${RESPONSE_BODY} | log: get 0 :path; get 2 :status; get 2 x-a; pairs 3` },
  { name: 'local response without a body', program: "request_headers: reply 404 ''; return 1 | response_headers: pairs 2 | response_body: body 1 0 10" },
  { name: 'local response with a content type', program: 'request_headers: reply 401 {} content-type=application/json,www-authenticate=Bearer d; return 1 | response_headers: pairs 2' },
  { name: 'local response in the body', program: `request_body#2: reply 413 big; return 0 | response_headers: get 0 :path; pairs 2`, request: { chunks: ['one', 'two', 'three'] } },
  { name: 'local response after a held body', program: `request_body: ${BODY}; return 1 | request_body#3: reply 400 bad; return 1 | response_headers: pairs 2`, request: { chunks: ['one', 'two'] } },
  { name: 'local response in trailers', program: 'request_body: return 1 | request_trailers: reply 400 bad; return 1', ...FULL },
  { name: 'local response to HEAD', method: 'HEAD', program: 'request_headers: reply 403 no; return 1 | response_headers: pairs 2 | response_body: body 1 0 10' },
  { name: 'local response to gRPC', method: 'POST', program: 'request_headers: reply 403 not+this x-a=1 d 7; return 1 | response_headers: pairs 2', request: { headers: [['content-type', 'application/grpc']] } },
  { name: 'local response to gRPC without a status', method: 'POST', program: 'request_headers: reply 503 a%b; return 1 | response_headers: pairs 2', request: { headers: [['content-type', 'application/grpc+proto']] } },
  { name: 'local response in response headers', program: 'response_headers: reply 502 bad; return 1', ...FULL },
  { name: 'stream closed', program: 'request_headers: close 0; get 0 :path; return 1 | log: get 0 :path; get 2 :status' },
  { name: 'stream closed in the body', program: 'request_body#2: close 1; return 1', request: { chunks: ['one', 'two'] } },
  { name: 'stream types', program: 'request_headers: continue 2; continue 3; continue 4; close 2; close 3; close 4' },
  {
    name: 'properties',
    program:
      "request_headers: setprop hiclaw.consumer alice; prop hiclaw.consumer; prop filter_state~wasm.hiclaw.consumer; prop none; prop ''; prop node~id; prop node~cluster; prop node~metadata~color; prop node~metadata~size; prop node~metadata~none; prop node~none; prop xds~node~id; " +
      'prop plugin_name; prop plugin_root_id; prop plugin_vm_id; prop request~path; prop request~url_path; prop request~query; prop request~host; prop request~method; prop request~scheme; prop request~headers~x-multi; prop request~headers~none; prop request~useragent; prop request~id; prop request~none; ' +
      'prop response~code; prop response~headers~x; prop xds~route_name; prop a~b; setprop a~b c; prop a~b; prop hiclaw.consumer~x; prop request~protocol; prop connection~mtls | ' +
      'response_headers: prop hiclaw.consumer; prop request~path; prop request~headers~x-multi; prop response~headers~x-up; setprop late 1 | log: prop hiclaw.consumer; prop late; prop request~path; setprop toolate 1; prop response~headers~x-up',
    request: { headers: [['x-multi', '1'], ['x-multi', '2'], ['user-agent', 'ua']] },
    response: { headers: [['x-up', 'b']] },
  }, // prettier-ignore
  { name: 'metrics', program: 'request_headers: define 0 c; inc 4 1; define 1 g; define 2 h; define 3 bad; inc 4 2; inc 4 0; inc 4 -1; metric 4; inc 5 -3; record 5 7; inc 5 -2; metric 5; record 6 1; inc 6 1; metric 6; metric 400; inc 400 1; inc 401 1; record 400 1; record 4 5; metric 4; define 0 c; metric 8' },
  { name: 'shared data and queues', program: 'request_headers: shared k; setshared k v1 0; shared k; setshared k v2 9999; setshared k v3 0; shared k; setshared fresh v 7; setshared e \'\' 0; shared e; resolve \'\' nope; enqueue 999 x; dequeue 999; register q; register q; resolve \'\' q; resolve stop-all q; resolve other q; dequeue 1; enqueue 1 one; enqueue 1 \'\'; dequeue 1; dequeue 1; dequeue 1' },
  { name: 'bad pointers', program: 'request_headers: badget; badout :path; badpairs; get 0 :path' },
  { name: 'broken pairs', program: 'request_headers: rawpairs 0 xxxx; pairs 0; return 1' },
  { name: 'environment and time', program: 'request_headers: environ; clock 0; clock 1; clock 2; clock 3; random 16; random 0; random 65536; random 65537; loglevel; status; done; effective 99999; log 5 x; log 6 x' },
  { name: 'foreign functions', program: 'request_headers: foreign none x; foreign clear_route_cache x; foreign uncompress notzlib; get 0 :path' },
  { name: 'callouts refused', program: "request_headers: call nowhere :method=GET,:path=/,:authority=x; call callout :method=GET,:path=/; call callout :path=/,:authority=x; call callout ''; call callout :method=GET,:path=/,:authority=x '' -1; grpccall nowhere s m b; grpcstream nowhere s m; grpcsend 4 x 0; grpcclose 5; grpcclose 6; grpccancel 4; grpccancel 5; grpcsend 6 x 0" },
  { name: 'callout, then the request goes on', program: "request_headers: call callout :method=GET,:path=/,:authority=x; return 1 | request_body: body 0 0 10" },
  { name: 'callout with a held body', program: "request_body#3: call callout :method=POST,:path=/,:authority=x sent; return 1 | request_body: return 1", request: { chunks: ['one', 'two'] } },
  { name: 'stream closed from elsewhere', listener: 'close-on-callout', program: 'request_headers: call callout :method=GET,:path=/,:authority=x; return 1 | log: get 0 :path; get 2 :status' },
  { name: 'stream closed from elsewhere during the response', listener: 'close-on-callout', program: 'response_headers: call callout :method=GET,:path=/,:authority=x', ...FULL },
  { name: 'local response from elsewhere', listener: 'reply-on-callout', program: 'request_headers: call callout :method=GET,:path=/,:authority=x; return 1 | response_headers: pairs 2; get 0 :path' },
  { name: 'local response from elsewhere during a body', listener: 'reply-on-callout', program: 'request_body: return 1 | request_body#2: call callout :method=GET,:path=/,:authority=x; return 1 | response_headers: pairs 2; get 0 :path', request: { chunks: ['one', 'two'] } },
  { name: 'local response from elsewhere during the response', listener: 'reply-on-callout', program: 'response_headers: call callout :method=GET,:path=/,:authority=x', ...FULL },
  { name: 'local response from elsewhere while the response is held', listener: 'reply-on-callout', program: 'response_headers: call callout :method=GET,:path=/,:authority=x; return 1', ...FULL },
  { name: 'request goes on in the middle of its body', program: `request_body: ${BODY}; return 1 | request_body#1: call callout :method=GET,:path=/,:authority=x; return 1 | request_body#3: ${BODY}`, request: { chunks: ['one', 'two'] } },
  { name: 'continue and pause at once', program: `request_headers: continue 0; return 1 | request_body: ${BODY}`, request: { chunks: ['one'] } },
  { name: 'effective context', program: 'request_headers: effective 1; get 0 :path; body 0 0 1; prop request~path; setprop x 1; setshared z 1 0; effective 0; get 0 :path; effective 4294967295; pairs 0' },
]; // prettier-ignore
