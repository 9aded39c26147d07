// Runs a small program in each callback and logs what every hostcall returned, so that two hosts can be compared.
//
// Program: `callback: op arg arg; op arg | callback#2: …`. `callback#n` is for the n-th call only and wins over
// `callback`. `~` in an argument is NUL, `+` a space, `''` an empty text. Requests carry it in the header x-program (x-upstream-program for the upstream filter), plugin contexts in their
// configuration.

@external('env', 'proxy_log') declare function proxy_log(level: u32, p: usize, n: usize): u32;
@external('env', 'proxy_get_header_map_value') declare function get_value(t: u32, k: usize, kn: usize, vo: usize, no: usize): u32;
@external('env', 'proxy_add_header_map_value') declare function add_value(t: u32, k: usize, kn: usize, v: usize, vn: usize): u32;
@external('env', 'proxy_replace_header_map_value') declare function replace_value(t: u32, k: usize, kn: usize, v: usize, vn: usize): u32;
@external('env', 'proxy_remove_header_map_value') declare function remove_value(t: u32, k: usize, kn: usize): u32;
@external('env', 'proxy_get_header_map_pairs') declare function get_pairs(t: u32, po: usize, no: usize): u32;
@external('env', 'proxy_set_header_map_pairs') declare function set_pairs(t: u32, p: usize, n: usize): u32;
@external('env', 'proxy_get_header_map_size') declare function get_size(t: u32, no: usize): u32;
@external('env', 'proxy_get_buffer_bytes') declare function get_buffer(t: u32, start: u32, n: u32, po: usize, no: usize): u32;
@external('env', 'proxy_get_buffer_status') declare function buffer_status(t: u32, no: usize, fo: usize): u32;
@external('env', 'proxy_set_buffer_bytes') declare function set_buffer(t: u32, start: u32, n: u32, p: usize, pn: usize): u32;
@external('env', 'proxy_get_property') declare function get_property(p: usize, n: usize, vo: usize, no: usize): u32;
@external('env', 'proxy_set_property') declare function set_property(p: usize, n: usize, v: usize, vn: usize): u32;
@external('env', 'proxy_send_local_response') declare function send_local_response(code: u32, d: usize, dn: usize, b: usize, bn: usize, h: usize, hn: usize, grpc: i32): u32;
@external('env', 'proxy_continue_stream') declare function continue_stream(t: u32): u32;
@external('env', 'proxy_close_stream') declare function close_stream(t: u32): u32;
@external('env', 'proxy_set_effective_context') declare function set_effective_context(id: u32): u32;
@external('env', 'proxy_set_tick_period_milliseconds') declare function set_tick_period(ms: u32): u32;
@external('env', 'proxy_get_log_level') declare function get_log_level(o: usize): u32;
@external('env', 'proxy_get_status') declare function get_status(co: usize, po: usize, no: usize): u32;
@external('env', 'proxy_done') declare function done(): u32;
@external('env', 'proxy_define_metric') declare function define_metric(t: u32, p: usize, n: usize, o: usize): u32;
@external('env', 'proxy_increment_metric') declare function increment_metric(id: u32, by: i64): u32;
@external('env', 'proxy_record_metric') declare function record_metric(id: u32, v: u64): u32;
@external('env', 'proxy_get_metric') declare function get_metric(id: u32, o: usize): u32;
@external('env', 'proxy_get_shared_data') declare function get_shared(k: usize, kn: usize, vo: usize, no: usize, co: usize): u32;
@external('env', 'proxy_set_shared_data') declare function set_shared(k: usize, kn: usize, v: usize, vn: usize, cas: u32): u32;
@external('env', 'proxy_register_shared_queue') declare function register_queue(k: usize, kn: usize, o: usize): u32;
@external('env', 'proxy_resolve_shared_queue') declare function resolve_queue(v: usize, vn: usize, k: usize, kn: usize, o: usize): u32;
@external('env', 'proxy_enqueue_shared_queue') declare function enqueue(t: u32, v: usize, vn: usize): u32;
@external('env', 'proxy_dequeue_shared_queue') declare function dequeue(t: u32, vo: usize, no: usize): u32;
@external('env', 'proxy_http_call') declare function http_call(c: usize, cn: usize, h: usize, hn: usize, b: usize, bn: usize, t: usize, tn: usize, ms: u32, o: usize): u32;
@external('env', 'proxy_grpc_call') declare function grpc_call(c: usize, cn: usize, s: usize, sn: usize, m: usize, mn: usize, h: usize, hn: usize, b: usize, bn: usize, ms: u32, o: usize): u32;
@external('env', 'proxy_grpc_stream') declare function grpc_stream(c: usize, cn: usize, s: usize, sn: usize, m: usize, mn: usize, h: usize, hn: usize, o: usize): u32;
@external('env', 'proxy_grpc_send') declare function grpc_send(t: u32, b: usize, bn: usize, end: u32): u32;
@external('env', 'proxy_grpc_close') declare function grpc_close(t: u32): u32;
@external('env', 'proxy_grpc_cancel') declare function grpc_cancel(t: u32): u32;
@external('env', 'proxy_call_foreign_function') declare function foreign(n: usize, nn: usize, a: usize, an: usize, ro: usize, no: usize): u32;
@external('wasi_snapshot_preview1', 'environ_sizes_get') declare function environ_sizes_get(co: usize, no: usize): u32;
@external('wasi_snapshot_preview1', 'environ_get') declare function environ_get(p: usize, b: usize): u32;
@external('wasi_snapshot_preview1', 'clock_time_get') declare function clock_time_get(id: u32, precision: u64, o: usize): u32;
@external('wasi_snapshot_preview1', 'random_get') declare function random_get(p: usize, n: u32): u32;

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

const out = memory.data(64, 8);
const UNTOUCHED: u32 = 0xdeadbeef;

class Text {
  bytes: ArrayBuffer;
  constructor(text: string) { this.bytes = String.UTF8.encode(text); }
  get p(): usize { return changetype<usize>(this.bytes); }
  get n(): usize { return this.bytes.byteLength; }
}

function clear(): void { for (let i: usize = 0; i < 64; i += 4) store<u32>(out + i, UNTOUCHED); }
function hex(p: usize, n: usize): string {
  let s = '';
  for (let i: usize = 0; i < n; i++) {
    const c = load<u8>(p + i);
    s += c >= 0x20 && c <= 0x7e && c != 0x5c ? String.fromCharCode(c) : '\\' + (c < 16 ? '0' : '') + (<u32>c).toString(16);
  }
  return s;
}
function value(status: u32): string {
  if (load<u32>(out) == UNTOUCHED && load<u32>(out, 4) == UNTOUCHED) return status.toString() + ' untouched';
  const p = load<u32>(out), n = load<u32>(out, 4);
  return status.toString() + ' ' + n.toString() + (p == 0 ? ' null' : ' "' + hex(p, n) + '"');
}
function number(status: u32): string {
  return load<u32>(out) == UNTOUCHED ? status.toString() + ' untouched' : status.toString() + ' ' + load<u32>(out).toString();
}

function pairs(list: string): ArrayBuffer {
  // name=value,name=value
  const items = list.length == 0 ? new Array<string>(0) : list.split(',');
  let size = 4;
  for (let i = 0; i < items.length; i++) size += 9 + String.UTF8.byteLength(items[i]);
  const buffer = new ArrayBuffer(size);
  const base = changetype<usize>(buffer);
  store<u32>(base, items.length);
  let at = base + 4 + 8 * items.length;
  for (let i = 0; i < items.length; i++) {
    const cut = items[i].indexOf('=');
    const k = String.UTF8.encode(items[i].substring(0, cut)), v = String.UTF8.encode(items[i].substring(cut + 1));
    store<u32>(base + 4 + 8 * i, k.byteLength);
    store<u32>(base + 8 + 8 * i, v.byteLength);
    memory.copy(at, changetype<usize>(k), k.byteLength); at += k.byteLength + 1;
    memory.copy(at, changetype<usize>(v), v.byteLength); at += v.byteLength + 1;
  }
  return buffer;
}
function showPairs(status: u32): string {
  if (load<u32>(out) == UNTOUCHED) return status.toString() + ' untouched';
  if (load<u32>(out) == 0) return status.toString() + ' none';
  const base = <usize>load<u32>(out);
  const count = load<u32>(base);
  let at = base + 4 + 8 * count;
  let s = status.toString() + ' ';
  for (let i: usize = 0; i < count; i++) {
    const kn = load<u32>(base + 4 + 8 * i), vn = load<u32>(base + 8 + 8 * i);
    s += '[' + hex(at, kn) + '=' + hex(at + kn + 1, vn) + ']';
    at += kn + vn + 2;
  }
  return s;
}
function int(text: string): u32 { return <u32>I64.parseInt(text); }
function arg(a: string[], i: i32): Text {
  let text = i < a.length ? a[i] : '';
  if (text == "''") text = '';
  return new Text(text.replaceAll('~', '\0').replaceAll('+', ' '));
}

let result: u32 = 0;
let currentId: u32 = 0;

function run(a: string[]): string {
  const op = a[0];
  const n1: u32 = a.length > 1 ? int(a[1]) : 0;
  const n2: u32 = a.length > 2 ? int(a[2]) : 0;
  const n3: u32 = a.length > 3 ? int(a[3]) : 0;
  const x1 = arg(a, 1), x2 = arg(a, 2), x3 = arg(a, 3), x4 = arg(a, 4);
  clear();
  if (op == 'id') return currentId.toString();
  if (op == 'get') return value(get_value(n1, x2.p, x2.n, out, out + 4));
  if (op == 'add') return add_value(n1, x2.p, x2.n, x3.p, x3.n).toString();
  if (op == 'set') return replace_value(n1, x2.p, x2.n, x3.p, x3.n).toString();
  if (op == 'del') return remove_value(n1, x2.p, x2.n).toString();
  if (op == 'pairs') return showPairs(get_pairs(n1, out, out + 4));
  if (op == 'setpairs') { const b = pairs(a.length > 2 ? a[2] : ''); return set_pairs(n1, changetype<usize>(b), b.byteLength).toString(); }
  if (op == 'rawpairs') return set_pairs(n1, x2.p, x2.n).toString();
  if (op == 'size') return number(get_size(n1, out));
  if (op == 'body') return value(get_buffer(n1, n2, n3, out, out + 4));
  if (op == 'bstat') { const s = buffer_status(n1, out, out + 4); return number(s) + (load<u32>(out, 4) == UNTOUCHED ? '' : ' ' + load<u32>(out, 4).toString()); }
  if (op == 'bset') return set_buffer(n1, n2, n3, x4.p, x4.n).toString();
  if (op == 'prop') return value(get_property(x1.p, x1.n, out, out + 4));
  if (op == 'setprop') return set_property(x1.p, x1.n, x2.p, x2.n).toString();
  if (op == 'reply') { const h = pairs(a.length > 3 ? a[3] : ''); return send_local_response(n1, x4.p, x4.n, x2.p, x2.n, changetype<usize>(h), h.byteLength, a.length > 5 ? <i32>int(a[5]) : -1).toString(); }
  if (op == 'continue') return continue_stream(n1).toString();
  if (op == 'close') return close_stream(n1).toString();
  if (op == 'effective') return set_effective_context(n1).toString();
  if (op == 'effectivestream') return set_effective_context(lastStream).toString();
  if (op == 'tickperiod') return set_tick_period(n1).toString();
  if (op == 'loglevel') return get_log_level(out).toString();
  if (op == 'log') return proxy_log(n1, x2.p, x2.n).toString();
  if (op == 'status') { const s = get_status(out + 8, out, out + 4); return value(s) + ' code ' + load<u32>(out, 8).toString(); }
  if (op == 'done') return done().toString();
  if (op == 'define') return number(define_metric(n1, x2.p, x2.n, out));
  if (op == 'inc') return increment_metric(n1, I64.parseInt(a[2])).toString();
  if (op == 'record') return record_metric(n1, <u64>I64.parseInt(a[2])).toString();
  if (op == 'metric') { store<u64>(out, 0xffffffffffffffff); const s = get_metric(n1, out); return s.toString() + ' ' + load<u64>(out).toString(); }
  if (op == 'shared') { const s = get_shared(x1.p, x1.n, out, out + 4, out + 8); return value(s); }
  if (op == 'setshared') return set_shared(x1.p, x1.n, x2.p, x2.n, n3).toString();
  if (op == 'register') return number(register_queue(x1.p, x1.n, out));
  if (op == 'resolve') return number(resolve_queue(x1.p, x1.n, x2.p, x2.n, out));
  if (op == 'enqueue') return enqueue(n1, x2.p, x2.n).toString();
  if (op == 'dequeue') return value(dequeue(n1, out, out + 4));
  if (op == 'call') { const h = pairs(a.length > 2 ? a[2] : ''); return number(http_call(x1.p, x1.n, changetype<usize>(h), h.byteLength, x3.p, x3.n, 0, 0, a.length > 4 ? int(a[4]) : 1000, out)); }
  if (op == 'grpccall') return number(grpc_call(x1.p, x1.n, x2.p, x2.n, x3.p, x3.n, 0, 0, x4.p, x4.n, 1000, out));
  if (op == 'grpcstream') return number(grpc_stream(x1.p, x1.n, x2.p, x2.n, x3.p, x3.n, 0, 0, out));
  if (op == 'grpcsend') return grpc_send(n1, x2.p, x2.n, n3).toString();
  if (op == 'grpcclose') return grpc_close(n1).toString();
  if (op == 'grpccancel') return grpc_cancel(n1).toString();
  if (op == 'foreign') return value(foreign(x1.p, x1.n, x2.p, x2.n, out, out + 4));
  if (op == 'badget') return get_value(0, 0xfffffff0, 100, out, out + 4).toString();
  if (op == 'badout') return get_value(0, x1.p, x1.n, 0xfffffff0, out + 4).toString();
  if (op == 'badpairs') return set_pairs(0, 0xfffffff0, 100).toString();
  if (op == 'environ') { const s = environ_sizes_get(out, out + 4); const b = heap.alloc(load<u32>(out, 4)), p = heap.alloc(4 * load<u32>(out)); const n = load<u32>(out, 4); const t = environ_get(p, b); return s.toString() + ' ' + t.toString() + ' ' + hex(b, n); }
  if (op == 'clock') return clock_time_get(n1, 1, out).toString();
  if (op == 'random') { const b = heap.alloc(<usize>n1 + 8); return random_get(b, n1).toString(); }
  if (op == 'trap') unreachable();
  if (op == 'return') { result = n1; return 'ok'; }
  return 'unknown op';
}

const programs = new Map<u32, string>();
const calls = new Map<string, i32>();
let lastStream: u32 = 0;

function find(program: string, name: string): string | null {
  const parts = program.split('|');
  for (let i = 0; i < parts.length; i++) {
    const cut = parts[i].indexOf(': ');
    if (cut > 0 && parts[i].substring(0, cut).trim() == name) return parts[i].substring(cut + 2);
  }
  return null;
}

function perform(id: u32, name: string, args: string): u32 {
  result = name == 'vm_start' || name == 'configure' || name == 'done' ? 1 : 0;
  currentId = id;
  const key = id.toString() + name;
  const nth = (calls.has(key) ? calls.get(key) : 0) + 1;
  calls.set(key, nth);
  const program = programs.has(id) ? programs.get(id) : '';
  let body = find(program, name + '#' + nth.toString());
  if (body === null) body = find(program, name);
  let line = 'probe ' + name + '(' + args + ')';
  if (body !== null) {
    const steps = body.split(';');
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i].trim();
      if (step.length == 0) continue;
      line += ' | ' + step + ' -> ' + run(step.split(' '));
    }
  }
  const text = new Text(line);
  if (programs.has(id)) proxy_log(2, text.p, text.n);
  return result;
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  if (parent == 0) {
    clear();
    if (get_buffer(7, 0, 65536, out, out + 4) == 0 && load<u32>(out) != 0) programs.set(id, String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out, 4)));
    perform(id, 'create', '');
  } else lastStream = id;
}
export function proxy_on_vm_start(id: u32, size: u32): u32 { return perform(id, 'vm_start', size.toString()); }
export function proxy_on_configure(id: u32, size: u32): u32 { return perform(id, 'configure', size.toString()); }
export function proxy_on_tick(id: u32): void { perform(id, 'tick', ''); }
export function proxy_on_queue_ready(id: u32, token: u32): void { perform(id, 'queue_ready', token.toString()); }
export function proxy_on_http_call_response(id: u32, token: u32, h: u32, b: u32, t: u32): void { perform(id, 'http_call_response', token.toString() + ',' + h.toString() + ',' + b.toString() + ',' + t.toString()); }
export function proxy_on_grpc_receive_initial_metadata(id: u32, token: u32, n: u32): void { perform(id, 'grpc_initial', token.toString() + ',' + n.toString()); }
export function proxy_on_grpc_receive(id: u32, token: u32, n: u32): void { perform(id, 'grpc_receive', token.toString() + ',' + n.toString()); }
export function proxy_on_grpc_receive_trailing_metadata(id: u32, token: u32, n: u32): void { perform(id, 'grpc_trailing', token.toString() + ',' + n.toString()); }
export function proxy_on_grpc_close(id: u32, token: u32, status: u32): void { perform(id, 'grpc_close', token.toString() + ',' + status.toString()); }
export function proxy_on_request_headers(id: u32, n: u32, eos: u32): u32 {
  clear();
  const vm = new Text('plugin_vm_id');
  get_property(vm.p, vm.n, out, out + 4);
  const upstream = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out, 4)) == 'upstream-filter';
  clear();
  const name = new Text(upstream ? 'x-upstream-program' : 'x-program');
  if (get_value(0, name.p, name.n, out, out + 4) == 0) programs.set(id, String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out, 4)));
  return perform(id, 'request_headers', n.toString() + ',' + eos.toString());
}
export function proxy_on_request_body(id: u32, n: u32, eos: u32): u32 { return perform(id, 'request_body', n.toString() + ',' + eos.toString()); }
export function proxy_on_request_trailers(id: u32, n: u32): u32 { return perform(id, 'request_trailers', n.toString()); }
export function proxy_on_response_headers(id: u32, n: u32, eos: u32): u32 { return perform(id, 'response_headers', n.toString() + ',' + eos.toString()); }
export function proxy_on_response_body(id: u32, n: u32, eos: u32): u32 { return perform(id, 'response_body', n.toString() + ',' + eos.toString()); }
export function proxy_on_response_trailers(id: u32, n: u32): u32 { return perform(id, 'response_trailers', n.toString()); }
export function proxy_on_done(id: u32): u32 { return perform(id, 'done', ''); }
export function proxy_on_log(id: u32): void { perform(id, 'log', ''); }
export function proxy_on_delete(id: u32): void { perform(id, 'delete', ''); programs.delete(id); }
