import { type Protocol, suggest } from '@hiclaw/resources';
import type { Failure, FailureCode } from '../outbound/failure.js';
import type { OutboundAnswer } from '../outbound/outbound-call.js';
import { redact } from '../outbound/redact.js';
import { errorText } from './protocol-calls.js';

/** What is wrong with a provider, and what to do. Codes are stable. */
export interface Diagnosis {
  readonly code: string;
  readonly hint: string;
  /** What the provider said, without any secret. */
  readonly detail?: string;
}

/** What was asked, as far as hints speak of it. */
export interface Asked {
  readonly baseUrl: string;
  readonly protocol: Protocol;
  /** Null while only the models were asked for. */
  readonly model: string | null;
  /** What the provider lists; null: it was not asked, or did not say. */
  readonly listed: readonly string[] | null;
  readonly hasCredential: boolean;
  /** What its preset says of keys. */
  readonly keyHint: string;
  /** Never shown, whatever the provider says. */
  readonly secrets: readonly string[];
}

const FAILURE_HINTS: Readonly<Record<FailureCode, string>> = {
  'dns-not-found': 'The host of spec.baseUrl has no address. Check its spelling, and the DNS of the machine.',
  'dns-failed': 'The DNS of the machine does not answer. Check its resolver and network.',
  'address-forbidden':
    'The host of spec.baseUrl leads to an address that upstreams must not have; see the detail.',
  'connection-refused':
    'Nothing listens at the host and port of spec.baseUrl. Check the port, and that the service runs.',
  'connection-reset':
    'The connection was cut. Check that spec.baseUrl has the right scheme (https or http), and firewalls in between.',
  'network-unreachable':
    'The machine has no route to the host of spec.baseUrl. Check its network and firewall.',
  timeout:
    'The provider did not answer in time. Check firewalls, which may drop packets silently, and its status page.',
  'tls-unknown-ca':
    'Its certificate is from an authority that is not trusted here. For a service of your own, give the certificate of its authority as spec.caCertificates; elsewhere a proxy may be reading along.',
  'tls-expired': 'Its certificate has expired. Renew it, or check the clock of the machine.',
  'tls-not-yet-valid': 'Its certificate is not valid yet. Check the clock of the machine.',
  'tls-wrong-host':
    'Its certificate is for another name. Use the name in the certificate as the host of spec.baseUrl.',
  'tls-failed':
    'TLS cannot be agreed on. If the service speaks plain HTTP at this port, spec.baseUrl must begin with http://.',
  'answer-too-large': 'The answer is much larger than an API answers. Check spec.baseUrl.',
  'answer-malformed':
    'What answers does not speak HTTP there. If the service speaks TLS at this port, spec.baseUrl must begin with https://.',
  'connection-failed': 'The connection failed; see the detail.',
};

export function diagnoseFailure({ code, detail }: Failure): Diagnosis {
  return { code, hint: FAILURE_HINTS[code], detail };
}

const NO_MONEY =
  /insufficient[_ -]?(quota|balance|credit|fund)|credit balance is too low|arrear|overdue|billing (hard|not active)|account.{0,40}(balance|recharge)|余额|欠费/i;
const BAD_KEY =
  /api[_ ]?key[_ ]?(not valid|invalid)|(invalid|incorrect|wrong)[_ ](x-)?api[_ -]?key|API_KEY_INVALID/i;
const BAD_MODEL =
  /model[_ ]?not[_ ]?found|model.{0,120}(not (exist|found|supported|available)|does ?n[o']t exist|invalid|unknown)|(invalid|unknown|unsupported|no such)[_ ]model|deployment.{0,40}(not exist|not found)|DeploymentNotFound/i;

/** What an answer to a completion, or to the list of models, means when it is not what was hoped for. */
export function diagnoseAnswer(answer: OutboundAnswer, parsed: unknown, asked: Asked): Diagnosis {
  const text = parsed === undefined ? '' : errorText(parsed);
  const said = redact(text, asked.secrets);
  const found = classify(answer, text, asked, parsed !== undefined);
  return said === '' || found.detail !== undefined ? found : { ...found, detail: said };
}

function classify(
  { status, headers }: OutboundAnswer,
  text: string,
  asked: Asked,
  isJson: boolean,
): Diagnosis {
  if (status >= 300 && status < 400) {
    const to = redact(headers['location'] ?? '', asked.secrets);
    const hint =
      'The address redirects elsewhere, and keys do not follow. Set spec.baseUrl to the final address.';
    return { code: 'redirected', hint, detail: to === '' ? 'no location' : `to ${to}` };
  }
  if (status === 401 || (status === 400 && BAD_KEY.test(text))) return keyRefused(asked);
  if (status === 402 || NO_MONEY.test(text)) {
    return {
      code: 'quota-exhausted',
      hint: 'The account has no money or quota left. Top it up or raise its limit at the provider; waiting does not help.',
    };
  }
  if (status === 429) {
    const after = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0];
    const wait = after === undefined ? 'a while' : `${after} s`;
    return {
      code: 'rate-limited',
      hint: `Too many requests with this key. The key works; try again after ${wait}.`,
    };
  }
  if (!isJson) return notAnApi(status, asked);
  if (BAD_MODEL.test(text) && status < 500) return modelNotFound(asked);
  if (status === 403) {
    return {
      code: 'key-forbidden',
      hint: `The provider knows the key, but does not let it do this. Check the permissions of the key, the models of its project, and lists of allowed addresses or countries.${spaced(asked.keyHint)}`,
    };
  }
  if (status === 404 || status === 405) return pathNotFound(asked);
  if (status >= 500) {
    return {
      code: 'provider-failed',
      hint: `The provider has a problem of its own (${status}). Look at its status page and try again.`,
    };
  }
  if (status >= 400) {
    return {
      code: 'request-refused',
      hint: `The provider refuses the test request (${status}); see the detail. Check spec.protocol, or test with another model.`,
    };
  }
  return {
    code: 'answer-unexpected',
    hint: `The answer is not one of the ${asked.protocol} protocol. Check spec.protocol and the path of spec.baseUrl.`,
  };
}

function spaced(text: string): string {
  return text === '' ? '' : ` ${text}`;
}

function keyRefused({ hasCredential, keyHint }: Asked): Diagnosis {
  if (!hasCredential) {
    return {
      code: 'key-missing',
      hint: 'The provider asks for a key, but spec.credential names none. Create a Credential and name it.',
    };
  }
  return {
    code: 'key-refused',
    hint: `The provider does not know the key. It may be revoked, of another account or cut short when it was copied; white space and line breaks around it are refused when it is stored. Set the value anew.${spaced(keyHint)}`,
  };
}

function notAnApi(status: number, { baseUrl }: Asked): Diagnosis {
  return {
    code: 'not-an-api',
    hint: `What answers at ${baseUrl} is no API: it sends a page instead of JSON (${status}). Check host and path of spec.baseUrl; a proxy or login page in between looks like this too.`,
  };
}

function pathNotFound({ baseUrl }: Asked): Diagnosis {
  const hasVersion = /\/v\d+[a-z0-9]*(\/|$)/.test(baseUrl.replace(/^https?:\/\//, ''));
  const fix = hasVersion
    ? 'Check the path of spec.baseUrl: what clients append to it must exist there.'
    : `Its path has no version; try ${baseUrl.replace(/\/$/, '')}/v1.`;
  return { code: 'path-not-found', hint: `The service has no such path under ${baseUrl}. ${fix}` };
}

function modelNotFound({ model, listed }: Asked): Diagnosis {
  const name = JSON.stringify(model ?? '');
  const guess = model === null || listed === null ? null : nearest(model, listed);
  const known =
    guess !== null
      ? ` Did you mean ${JSON.stringify(guess)}?`
      : listed !== null && listed.length > 0
        ? ` It lists ${listed.slice(0, 5).join(', ')}${listed.length > 5 ? `, and ${listed.length - 5} more` : ''}.`
        : '';
  return {
    code: 'model-not-found',
    hint: `The provider does not have the model ${name}, or not for this key.${known}`,
  };
}

/** The listed name that is nearest: a typo away, or one that begins like it. */
function nearest(model: string, listed: readonly string[]): string | null {
  const typo = suggest(model, listed);
  if (typo !== null && typo !== model) return typo;
  const prefix = model.toLowerCase().slice(0, Math.max(4, Math.floor(model.length / 2)));
  return listed.find((name) => name !== model && name.toLowerCase().startsWith(prefix)) ?? null;
}
