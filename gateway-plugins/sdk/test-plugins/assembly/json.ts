// Parses its configuration and logs it again as JSON text, or the reason why it is not JSON.
export * from '../../assembly/callbacks/core';
import { log, LogLevel, pluginConfiguration, PluginContext, registerPlugin } from '../../assembly';
import { JSON, parseJson, parseJsonObject } from '../../assembly/json';

class JsonPlugin extends PluginContext {
  onConfigure(size: u32): bool {
    const bytes = size == 0 ? new ArrayBuffer(0) : pluginConfiguration.getBytes(0, size).value;
    const parsed = parseJson(bytes);
    const value = parsed.value;
    if (value == null) {
      log(LogLevel.Warn, parsed.problem);
      return false;
    }
    log(LogLevel.Warn, value.stringify());
    const members = parseJsonObject(bytes);
    if (members.ok && members.value.has('describe')) log(LogLevel.Warn, describe(members.value));
    return true;
  }
}

function describe(json: JSON.Obj): string {
  const text = json.getString('text');
  const integer = json.getInteger('integer');
  const float = json.getFloat('float');
  const num = json.getNum('integer');
  const flag = json.getBool('flag');
  const list = json.getArr('list');
  const inner = json.getObj('inner');
  return [
    text == null ? 'none' : text.valueOf(),
    integer == null ? 'none' : integer.valueOf().toString(),
    float == null ? 'none' : float.valueOf().toString(),
    num == null ? 'none' : num.valueOf().toString(),
    flag == null ? 'none' : flag.valueOf().toString(),
    list == null ? 'none' : list.length.toString(),
    inner == null ? 'none' : inner.keys.join('+'),
    json.getString('integer') == null ? 'none' : 'wrong',
    json.get('missing') == null ? 'none' : 'wrong',
  ].join('|');
}

registerPlugin(() => new JsonPlugin());
