// What the members of a request body mean: the model, what else may name one, references to what a provider stored, and
// what is needed to account for the call.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';
import {
  Capture,
  SCAN_DEPTH,
  SCAN_ITEM,
  SCAN_KEY,
  SCAN_KEY_DEPTH,
  SCAN_KEY_LENGTH,
  SCAN_MEMBER,
  SCAN_NUMBER,
  SCAN_NUMBER_FOR,
  SCAN_PROMPTS,
  SCAN_SECTION,
  SCAN_TEXT_FOR,
  SCAN_VALUE,
  SCAN_VALUE_LENGTH,
} from './json-state';
import { beginIncludeUsage, beginOption, beginStreamOptions } from './json-stream-options';
import { choosesModel, memberChoosesModel, nameIs, nameLength, normalise, speaksOfModels } from './member-names';
import {
  flag,
  SCAN_CHOICES,
  SCAN_FLAGS,
  SCAN_MAX_TOKENS,
  SCAN_MODEL,
  SCAN_MODEL_LENGTH,
  SCAN_MODEL_OFFSET,
  SEEN_AMBIGUOUS,
  SEEN_BAD_MODEL,
  SEEN_MODEL,
  SEEN_PATH_MODEL,
  SEEN_RESOURCE_NAMES,
  SEEN_STORED,
  SEEN_STORED_RESPONSE,
  SEEN_STREAM,
  unflag,
} from './scan-state';

/** Members that count; 0 is any other. */
const enum Member {
  Other,
  Model,
  /** A model within a Gemini request, which must be that of the path. */
  InnerModel,
  Stream,
  StreamOptions,
  IncludeUsage,
  MaxTokens,
  Choices,
  GenerationConfig,
  Stored,
  Prompt,
  Background,
  Container,
  Input,
  ItemType,
  ItemRole,
  ItemContent,
  Tools,
  ExtraBody,
  Requests,
  InnerRequest,
}

// Of an element of `input`.
const ITEM_TYPED: u32 = 1;
const ITEM_ROLE: u32 = 2;
const ITEM_CONTENT: u32 = 4;
const ITEM_REFERENCE: u32 = 8;
const ITEM_HAS_TYPE: u32 = 16;

const MODEL = ascii('model');
const STREAM = ascii('stream');
const STREAM_OPTIONS = ascii('streamoptions');
const INCLUDE_USAGE = ascii('includeusage');
const MAX_TOKENS = ascii('maxtokens');
const MAX_COMPLETION_TOKENS = ascii('maxcompletiontokens');
const MAX_OUTPUT_TOKENS = ascii('maxoutputtokens');
const N = ascii('n');
const BEST_OF = ascii('bestof');
const CANDIDATE_COUNT = ascii('candidatecount');
const GENERATION_CONFIG = ascii('generationconfig');
const PREVIOUS_RESPONSE_ID = ascii('previousresponseid');
const CONVERSATION = ascii('conversation');
const CACHED_CONTENT = ascii('cachedcontent');
const CONTAINER = ascii('container');
const ID = ascii('id');
const PROMPT = ascii('prompt');
const BACKGROUND = ascii('background');
const INPUT = ascii('input');
const TYPE = ascii('type');
const ROLE = ascii('role');
const CONTENT = ascii('content');
const TOOLS = ascii('tools');
const PLUGINS = ascii('plugins');
const EXTRA_BODY = ascii('extrabody');
const REQUESTS = ascii('requests');
const GENERATE_CONTENT_REQUEST = ascii('generatecontentrequest');
const ITEM_REFERENCE_TYPE = ascii('item_reference');
const MODELS_PREFIX = ascii('models/');

const QUOTE: u32 = 0x22;
const OPEN_OBJECT: u32 = 0x7b;
const LETTER_F: u32 = 0x66;
const LETTER_N: u32 = 0x6e;
const LETTER_T: u32 = 0x74;

function expectMember(scanner: usize, member: Member): void {
  store<u32>(scanner + SCAN_MEMBER, member);
}

/** Keys of objects down to this level count while the value that follows is read. */
function enterSection(scanner: usize, member: Member, keyDepth: u32): void {
  store<u32>(scanner + SCAN_MEMBER, member);
  store<u32>(scanner + SCAN_SECTION, member);
  store<u32>(scanner + SCAN_KEY_DEPTH, keyDepth);
}

/** A key that is of interest is complete. */
export function endKey(scanner: usize): void {
  const depth = load<u32>(scanner + SCAN_DEPTH);
  normalise(scanner + SCAN_KEY, load<u32>(scanner + SCAN_KEY_LENGTH));
  if (depth == 1) endTopLevelKey(scanner);
  else endInnerKey(scanner, load<u32>(scanner + SCAN_SECTION), depth);
}

function keyIsModel(scanner: usize): bool {
  const length = asciiLength(MODEL);
  return (
    load<u32>(scanner + SCAN_KEY_LENGTH) == <u32>length && bytesEqual(scanner + SCAN_KEY, MODEL, length)
  );
}

function endTopLevelKey(scanner: usize): void {
  store<u32>(scanner + SCAN_SECTION, Member.Other);
  store<u32>(scanner + SCAN_KEY_DEPTH, 1);
  if (keyIsModel(scanner)) {
    if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_MODEL) != 0) flag(scanner, SEEN_AMBIGUOUS);
    flag(scanner, SEEN_MODEL);
    expectMember(scanner, Member.Model);
  } else if (memberChoosesModel()) {
    flag(scanner, SEEN_AMBIGUOUS);
  } else {
    const member = memberOfName();
    const keyDepth = sectionDepth(member);
    if (keyDepth != 0) enterSection(scanner, member, keyDepth);
    else expectMember(scanner, member);
  }
}

/** The member of this normalised name. By length, so that few names are compared with each. */
function memberOfName(): Member {
  switch (<u32>nameLength()) {
    case 1:
      return nameIs(N) ? Member.Choices : Member.Other;
    case 5:
      return nameIs(INPUT) ? Member.Input : nameIs(TOOLS) ? Member.Tools : Member.Other;
    case 6:
      if (nameIs(STREAM)) return Member.Stream;
      return nameIs(PROMPT) ? Member.Prompt : nameIs(BEST_OF) ? Member.Choices : Member.Other;
    case 7:
      return nameIs(PLUGINS) ? Member.Tools : Member.Other;
    case 8:
      return nameIs(REQUESTS) ? Member.Requests : Member.Other;
    case 9:
      if (nameIs(MAX_TOKENS)) return Member.MaxTokens;
      return nameIs(CONTAINER) ? Member.Container : nameIs(EXTRA_BODY) ? Member.ExtraBody : Member.Other;
    case 10:
      return nameIs(BACKGROUND) ? Member.Background : Member.Other;
    case 12:
      return nameIs(CONVERSATION) ? Member.Stored : Member.Other;
    case 13:
      return nameIs(STREAM_OPTIONS) ? Member.StreamOptions : nameIs(CACHED_CONTENT) ? Member.Stored : Member.Other;
    case 15:
      return nameIs(MAX_OUTPUT_TOKENS) ? Member.MaxTokens : Member.Other;
    case 16:
      return nameIs(GENERATION_CONFIG) ? Member.GenerationConfig : Member.Other;
    case 18:
      return nameIs(PREVIOUS_RESPONSE_ID) ? Member.Stored : Member.Other;
    case 19:
      return nameIs(MAX_COMPLETION_TOKENS) ? Member.MaxTokens : Member.Other;
    case 22:
      return nameIs(GENERATE_CONTENT_REQUEST) ? Member.InnerRequest : Member.Other;
    default:
      return Member.Other;
  }
}

/** Down to which level keys count in the value of a member; 0: its inside does not count at all. */
function sectionDepth(member: Member): u32 {
  switch (member) {
    case Member.Prompt:
      return 1;
    case Member.StreamOptions:
    case Member.GenerationConfig:
    case Member.Container:
    case Member.InnerRequest:
      return 2;
    case Member.Input:
    case Member.ExtraBody:
    case Member.Requests:
      return 3;
    case Member.Tools:
      return 4;
    default:
      return 0;
  }
}

function isStoredReference(): bool {
  return nameIs(PREVIOUS_RESPONSE_ID) || nameIs(CONVERSATION) || nameIs(CACHED_CONTENT);
}

function endInnerKey(scanner: usize, section: Member, depth: u32): void {
  switch (section) {
    case Member.StreamOptions:
      beginOption(scanner);
      if (nameIs(INCLUDE_USAGE)) expectMember(scanner, Member.IncludeUsage);
      break;
    case Member.GenerationConfig:
      if (nameIs(MAX_OUTPUT_TOKENS)) expectMember(scanner, Member.MaxTokens);
      else if (nameIs(CANDIDATE_COUNT)) expectMember(scanner, Member.Choices);
      break;
    case Member.Input:
      if (depth != 3) break;
      if (nameIs(TYPE)) expectMember(scanner, Member.ItemType);
      else if (nameIs(ROLE)) expectMember(scanner, Member.ItemRole);
      else if (nameIs(CONTENT)) expectMember(scanner, Member.ItemContent);
      break;
    case Member.Tools:
      // Deeper, names belong to the schema of what a function takes.
      if (speaksOfModels()) flag(scanner, SEEN_AMBIGUOUS);
      else if (nameIs(CONTAINER)) expectMember(scanner, Member.Container);
      break;
    case Member.ExtraBody:
      if (depth == 2 ? memberChoosesModel() : choosesModel()) flag(scanner, SEEN_AMBIGUOUS);
      else if (isStoredReference()) expectMember(scanner, Member.Stored);
      break;
    case Member.Container:
      if (nameIs(ID)) expectMember(scanner, Member.Stored);
      break;
    case Member.Requests:
    case Member.InnerRequest:
      if (section == Member.Requests && depth != 3) break;
      if (speaksOfModels()) {
        if (keyIsModel(scanner)) expectMember(scanner, Member.InnerModel);
        else if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_RESOURCE_NAMES) != 0) flag(scanner, SEEN_AMBIGUOUS);
      } else if (isStoredReference()) expectMember(scanner, Member.Stored);
      break;
    default:
  }
}

/** A value begins that belongs to a member which counts. Gives what is to be kept of it, if it is a string. */
export function beginValue(scanner: usize, member: Member, byte: u32, offset: u32): Capture {
  switch (member) {
    case Member.Model:
      if (byte != QUOTE) {
        flag(scanner, SEEN_BAD_MODEL);
        break;
      }
      if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_PATH_MODEL) != 0) return keepValue(scanner, member);
      store<u32>(scanner + SCAN_MODEL_OFFSET, offset);
      store<u32>(scanner + SCAN_MODEL_LENGTH, 0);
      return Capture.Model;
    case Member.InnerModel:
      if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_RESOURCE_NAMES) == 0) break;
      if (byte == QUOTE) return keepValue(scanner, Member.Model);
      flag(scanner, SEEN_BAD_MODEL);
      break;
    case Member.Stream:
      if (byte == LETTER_T) flag(scanner, SEEN_STREAM);
      else unflag(scanner, SEEN_STREAM);
      break;
    case Member.StreamOptions:
      beginStreamOptions(scanner, byte, offset);
      break;
    case Member.IncludeUsage:
      beginIncludeUsage(scanner, byte, offset);
      break;
    case Member.MaxTokens:
    case Member.Choices:
      if (byte - 0x30 > 9) break;
      store<u32>(scanner + SCAN_NUMBER_FOR, member);
      store<u32>(scanner + SCAN_NUMBER, byte - 0x30);
      break;
    case Member.Stored:
      if (byte != LETTER_N) flag(scanner, SEEN_STORED);
      break;
    case Member.Container:
      if (byte == QUOTE) flag(scanner, SEEN_STORED);
      break;
    case Member.Prompt:
      if (byte == OPEN_OBJECT) flag(scanner, SEEN_STORED);
      break;
    case Member.Background:
      if (byte != LETTER_N && byte != LETTER_F) flag(scanner, SEEN_STORED_RESPONSE);
      break;
    case Member.ItemType:
      // Which of two counts is up to the reader, so that two are as bad as a reference.
      if ((load<u32>(scanner + SCAN_ITEM) & ITEM_HAS_TYPE) != 0) flagItem(scanner, ITEM_REFERENCE);
      flagItem(scanner, ITEM_HAS_TYPE);
      if (byte == QUOTE) return keepValue(scanner, member);
      if (byte != LETTER_N) flagItem(scanner, ITEM_REFERENCE);
      break;
    case Member.ItemRole:
      flagItem(scanner, ITEM_ROLE);
      break;
    case Member.ItemContent:
      flagItem(scanner, ITEM_CONTENT);
      break;
    default:
  }
  return Capture.Nothing;
}

function keepValue(scanner: usize, member: Member): Capture {
  store<u32>(scanner + SCAN_TEXT_FOR, member);
  store<u32>(scanner + SCAN_VALUE_LENGTH, 0);
  return Capture.Value;
}

/** A string that was kept is complete. */
export function endValue(scanner: usize): void {
  const value = scanner + SCAN_VALUE;
  const length: usize = load<u32>(scanner + SCAN_VALUE_LENGTH);
  if (load<u32>(scanner + SCAN_TEXT_FOR) == Member.ItemType) {
    const reference = asciiLength(ITEM_REFERENCE_TYPE);
    const isReference = length == reference && bytesEqual(value, ITEM_REFERENCE_TYPE, reference);
    flagItem(scanner, isReference ? ITEM_REFERENCE : ITEM_TYPED);
    return;
  }
  if (!isPathModel(scanner, value, length)) flag(scanner, SEEN_AMBIGUOUS);
}

/** Whether a name in the body is the model that the path names. */
function isPathModel(scanner: usize, value: usize, length: usize): bool {
  const model: usize = load<u32>(scanner + SCAN_MODEL_LENGTH);
  const prefix = asciiLength(MODELS_PREFIX);
  if (
    (load<u32>(scanner + SCAN_FLAGS) & SEEN_RESOURCE_NAMES) != 0 &&
    length == prefix + model &&
    bytesEqual(value, MODELS_PREFIX, prefix)
  ) {
    value += prefix;
    length = model;
  }
  return length == model && bytesEqual(value, scanner + SCAN_MODEL, model);
}

/** A number that counts is complete. The larger of two is believed. */
export function endNumber(scanner: usize): void {
  const field =
    load<u32>(scanner + SCAN_NUMBER_FOR) == Member.MaxTokens ? SCAN_MAX_TOKENS : SCAN_CHOICES;
  store<u32>(scanner + SCAN_NUMBER_FOR, 0);
  store<u32>(scanner + field, max(load<u32>(scanner + field), load<u32>(scanner + SCAN_NUMBER)));
}

function flagItem(scanner: usize, seen: u32): void {
  store<u32>(scanner + SCAN_ITEM, load<u32>(scanner + SCAN_ITEM) | seen);
}

/** An object begins, at this level. */
export function beginObject(scanner: usize, depth: u32): void {
  if (depth == 3) store<u32>(scanner + SCAN_ITEM, 0);
}

/**
 * An object ends that was at this level. An element of `input` that does not say what it is refers to one that the
 * provider stored.
 */
export function endObject(scanner: usize, depth: u32): void {
  if (depth != 3 || load<u32>(scanner + SCAN_SECTION) != Member.Input) return;
  const item = load<u32>(scanner + SCAN_ITEM);
  const isMessage = (item & ITEM_ROLE) != 0 && (item & ITEM_CONTENT) != 0;
  if ((item & ITEM_REFERENCE) != 0 || ((item & ITEM_TYPED) == 0 && !isMessage)) {
    flag(scanner, SEEN_STORED_RESPONSE);
  }
}

/** An element of an array begins that is no number. */
export function beginElement(scanner: usize, depth: u32): void {
  if (depth == 2 && load<u32>(scanner + SCAN_SECTION) == Member.Prompt) {
    store<u32>(scanner + SCAN_PROMPTS, load<u32>(scanner + SCAN_PROMPTS) + 1);
  }
}
