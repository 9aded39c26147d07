// Refusals, in the error shape of the protocol that the client speaks. None quotes the request.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';
import { sendLocalReply } from '../../policy/assembly/local-reply';
import { outputStart, putAscii } from '../../policy/assembly/output';
import { addAsciiPair, pairsStart } from '../../policy/assembly/pairs';
import { countRefusal } from '../../policy/assembly/refusal-counter';
import { facts } from './facts';
import { addWhenItResets } from './limits/resets';
import { reasonCode, reasonStatus, reasonText } from './reasons';
import { BUDGET_EXHAUSTED } from './verdict';

const MCP_SERVERS = ascii('/mcp-servers/');
const SERVICES = ascii('/services/');
const MESSAGES = ascii('/messages');
const COUNT_TOKENS = ascii('/messages/count_tokens');

export const SHAPE_OPENAI: u32 = 0;
export const SHAPE_ANTHROPIC: u32 = 1;
export const SHAPE_JSON_RPC: u32 = 2;
export const SHAPE_SERVICE: u32 = 3;

const REASON = ascii('x-hiclaw-reason');
const AUTHENTICATE = ascii('www-authenticate');
const BEARER = ascii('Bearer');
const RETRY_AFTER = ascii('retry-after');
const ONE_SECOND = ascii('1');
const ALLOW = ascii('allow');

const JSON_RPC_START = ascii('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"');
const JSON_RPC_REASON = ascii('","data":{"reason":"');
const ANTHROPIC_START = ascii('{"type":"error","error":{"type":"');
const MESSAGE = ascii('","message":"');
const SERVICE_START = ascii('{"error":{"code":"');
const OPENAI_START = ascii('{"error":{"message":"');
const TYPE = ascii('","type":"');
const PARAM_CODE = ascii('","param":null,"code":"');
const END_TWO = ascii('"}}');
const END_THREE = ascii('"}}}');

const AUTHENTICATION_ERROR = ascii('authentication_error');
const PERMISSION_ERROR = ascii('permission_error');
const NOT_FOUND_ERROR = ascii('not_found_error');
const REQUEST_TOO_LARGE = ascii('request_too_large');
const RATE_LIMIT_ERROR = ascii('rate_limit_error');
const INSUFFICIENT_QUOTA = ascii('insufficient_quota');
const API_ERROR = ascii('api_error');
const INVALID_REQUEST_ERROR = ascii('invalid_request_error');

function startsWith(prefix: usize): bool {
  const length = asciiLength(prefix);
  return facts.pathLength >= length && bytesEqual(facts.path, prefix, length);
}

function endsWith(suffix: usize): bool {
  const length = asciiLength(suffix);
  return facts.pathLength >= length && bytesEqual(facts.path + facts.pathLength - length, suffix, length);
}

/** The shape in which the request in `facts` is refused. */
export function shapeOfRequest(): u32 {
  if (startsWith(MCP_SERVERS)) return SHAPE_JSON_RPC;
  if (facts.isAnthropic || endsWith(MESSAGES) || endsWith(COUNT_TOKENS)) return SHAPE_ANTHROPIC;
  return startsWith(SERVICES) ? SHAPE_SERVICE : SHAPE_OPENAI;
}

function errorType(status: u32, shape: u32): usize {
  switch (status) {
    case 401:
      return AUTHENTICATION_ERROR;
    case 403:
      return PERMISSION_ERROR;
    case 404:
      return NOT_FOUND_ERROR;
    case 413:
      return shape == SHAPE_ANTHROPIC ? REQUEST_TOO_LARGE : INVALID_REQUEST_ERROR;
    case 429:
      return RATE_LIMIT_ERROR;
    case 503:
      return API_ERROR;
    default:
      return INVALID_REQUEST_ERROR;
  }
}

function putBody(verdict: u32, shape: u32): void {
  outputStart();
  switch (shape) {
    case SHAPE_JSON_RPC:
      putAscii(JSON_RPC_START);
      putAscii(reasonText(verdict));
      putAscii(JSON_RPC_REASON);
      putAscii(reasonCode(verdict));
      putAscii(END_THREE);
      break;
    case SHAPE_ANTHROPIC:
      putAscii(ANTHROPIC_START);
      putAscii(errorType(reasonStatus(verdict), shape));
      putAscii(MESSAGE);
      putAscii(reasonText(verdict));
      putAscii(END_TWO);
      break;
    case SHAPE_SERVICE:
      putAscii(SERVICE_START);
      putAscii(reasonCode(verdict));
      putAscii(MESSAGE);
      putAscii(reasonText(verdict));
      putAscii(END_TWO);
      break;
    default:
      putAscii(OPENAI_START);
      putAscii(reasonText(verdict));
      putAscii(TYPE);
      putAscii(verdict == BUDGET_EXHAUSTED ? INSUFFICIENT_QUOTA : errorType(reasonStatus(verdict), shape));
      putAscii(PARAM_CODE);
      putAscii(reasonCode(verdict));
      putAscii(END_TWO);
  }
}

/** Answers the active stream with a refusal. `allow`: methods for a 405, as `ascii` made them, else 0. */
export function refuse(verdict: u32, shape: u32, allow: usize): void {
  const status = reasonStatus(verdict);
  countRefusal(reasonCode(verdict));
  putBody(verdict, shape);
  pairsStart();
  addAsciiPair(REASON, reasonCode(verdict));
  if (status == 401) addAsciiPair(AUTHENTICATE, BEARER);
  if (status == 503) addAsciiPair(RETRY_AFTER, ONE_SECOND);
  if (status == 429) addWhenItResets();
  if (allow != 0) addAsciiPair(ALLOW, allow);
  sendLocalReply(status, reasonCode(verdict));
}
