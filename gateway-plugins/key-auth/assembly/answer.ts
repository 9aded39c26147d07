// What the plugin answers by itself: its health, and the models that a consumer may use.

import { ascii } from '../../policy/assembly/ascii';
import { policyVersion } from '../../policy/assembly/image-frame';
import { sendLocalReply } from '../../policy/assembly/local-reply';
import { outputStart, putAscii, putByte, putJson, putNumber } from '../../policy/assembly/output';
import { pairsStart } from '../../policy/assembly/pairs';
import { facts } from './facts';
import { stringAt, stringLength } from './lookup';
import { nextListed } from './model-catalogue';
import { outcome } from './verdict';

const OK: u32 = 200;
const HEALTH = ascii('health');
const MODELS = ascii('models');
const HEALTH_START = ascii('{"status":"ok","policyVersion":');
const OPENAI_LIST = ascii('{"object":"list","data":[');
const OPENAI_ID = ascii('{"id":');
const OPENAI_REST = ascii(',"object":"model","created":0,"owned_by":"hiclaw"}');
const ANTHROPIC_LIST = ascii('{"data":[');
const ANTHROPIC_ID = ascii('{"type":"model","id":');
const DISPLAY_NAME = ascii(',"display_name":');
const CREATED_AT = ascii(',"created_at":"1970-01-01T00:00:00Z"}');
const FIRST_ID = ascii('],"has_more":false,"first_id":');
const LAST_ID = ascii(',"last_id":');
const NULL = ascii('null');
const COMMA: u32 = 0x2c;
const CLOSE_ARRAY: u32 = 0x5d;
const CLOSE_OBJECT: u32 = 0x7d;

export function answerHealth(image: usize): void {
  outputStart();
  putAscii(HEALTH_START);
  putNumber(policyVersion(image));
  putByte(CLOSE_OBJECT);
  pairsStart();
  sendLocalReply(OK, HEALTH);
}

function putModel(id: usize, length: usize): void {
  if (facts.isAnthropic) {
    putAscii(ANTHROPIC_ID);
    putJson(id, length);
    putAscii(DISPLAY_NAME);
    putJson(id, length);
    putAscii(CREATED_AT);
  } else {
    putAscii(OPENAI_ID);
    putJson(id, length);
    putAscii(OPENAI_REST);
  }
}

function putIdOrNull(image: usize, model: usize): void {
  if (model == 0) putAscii(NULL);
  else putJson(stringAt(image, model), stringLength(model));
}

export function answerModels(image: usize): void {
  outputStart();
  putAscii(facts.isAnthropic ? ANTHROPIC_LIST : OPENAI_LIST);
  const first = nextListed(image, outcome.llmPath, outcome.consumer, 0);
  let last: usize = 0;
  for (let model = first; model != 0; model = nextListed(image, outcome.llmPath, outcome.consumer, model)) {
    if (model != first) putByte(COMMA);
    putModel(stringAt(image, model), stringLength(model));
    last = model;
  }
  if (facts.isAnthropic) {
    putAscii(FIRST_ID);
    putIdOrNull(image, first);
    putAscii(LAST_ID);
    putIdOrNull(image, last);
  } else {
    putByte(CLOSE_ARRAY);
  }
  putByte(CLOSE_OBJECT);
  pairsStart();
  sendLocalReply(OK, MODELS);
}

/** Answers with the one model that the decision found. */
export function answerModel(): void {
  outputStart();
  putModel(outcome.model, outcome.modelLength);
  pairsStart();
  sendLocalReply(OK, MODELS);
}
