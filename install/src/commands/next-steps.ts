import type { HomePaths } from '../home.js';
import { apiUrl, gatewayUrl } from '../installation-plan.js';
import type { RunSettings } from '../settings.js';

/** A word for a POSIX shell. */
function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The next three things to try, to be pasted into a shell one after the other. */
export function nextSteps(settings: RunSettings, paths: HomePaths, remark: (text: string) => string): string {
  const api = `${apiUrl(settings)}/api/v1`;
  const admin = `admin() { curl -sS -H "Authorization: Bearer $(cat ${quote(paths.adminToken)})" -H 'content-type: application/json' "$@"; echo; }`;
  return [
    'Try next (paste one after the other; "make demo" plays it with a pretend provider):',
    '',
    remark('# 1. register a provider key and a route to its models'),
    admin,
    `admin ${api}/credentials -d '{"metadata":{"name":"openai"},"spec":{"preset":"openai","value":"sk-your-real-key"}}'`,
    `admin ${api}/providers -d '{"metadata":{"name":"openai"},"spec":{"preset":"openai","credential":"openai","models":["gpt-4o","gpt-4o-mini"]}}'`,
    `admin -X POST ${api}/providers/openai/test -d '{}'`,
    `admin ${api}/llm-routes -d '{"metadata":{"name":"chat"},"spec":{"path":"/v1","models":["gpt-4*"],"targets":[{"provider":"openai"}],"allowedConsumers":[{"name":"worker-alice","models":["gpt-4o-mini"]}]}}'`,
    '',
    remark('# 2. give a worker a token (it is shown once) and call through the gateway'),
    `admin ${api}/consumers -d '{"metadata":{"name":"worker-alice"},"spec":{}}'`,
    `TOKEN=$(admin ${api}/consumers/worker-alice/tokens -d '{}' | sed -n 's/.*"token":"\\([^"]*\\)".*/\\1/p')`,
    `curl -sS ${gatewayUrl(settings, 0)}/v1/chat/completions -H "Authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}'; echo`,
    '',
    remark('# 3. cut the worker off: answers when every gateway thread refuses it'),
    `admin -X POST ${api}/consumers/worker-alice/revoke`,
    '',
  ].join('\n');
}
