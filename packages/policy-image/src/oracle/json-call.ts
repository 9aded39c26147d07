import * as L from '../layout.js';
import type { BodyCall, PathModel, UsageEdit } from './call.js';
import type { JsonMember, JsonNode } from './json-tree.js';
import { choosesModel, memberChoosesModel, normalName, speaksOfModels } from './member-names.js';

const MAX_NUMBER = 0xffff_ffff;
const STORED_REFERENCES = new Set(['previousresponseid', 'conversation', 'cachedcontent']);
const MAX_TOKENS = new Set(['maxtokens', 'maxcompletiontokens', 'maxoutputtokens']);
const CHOICES = new Set(['n', 'bestof']);

interface InnerMember extends JsonMember {
  readonly name: string;
  /** Levels of objects and arrays around it, the top-level object being 1. */
  readonly depth: number;
}

/** What a JSON body says about the call. */
export function callOfJson(root: JsonNode, pathModel: PathModel | null): BodyCall {
  const members = root.members.map((member): InnerMember => ({
    ...member,
    name: normalName(member.key),
    depth: 1,
  }));
  const named = members.filter(({ key }) => key === 'model');
  const rest = members.filter(({ key }) => key !== 'model');
  const inner = pathModel?.hasResourceNames === true ? innerRequests(rest) : [];
  const innerNamed = inner.filter(({ key }) => key === 'model');
  const candidates = [...named, ...innerNamed].map(({ value }) => value);
  const contradicts =
    pathModel !== null && candidates.some(({ kind, text }) => kind === 'string' && !agrees(text, pathModel));
  const [first] = named;
  return {
    isAmbiguous:
      named.length > 1 ||
      contradicts ||
      rest.some(namesAnotherModel) ||
      inner.some(({ key, name }) => key !== 'model' && speaksOfModels(name)),
    isUnusable: candidates.some(({ kind }) => kind !== 'string'),
    model: pathModel?.name ?? first?.value.text ?? null,
    namesStored: rest.some(namesStored),
    namesStoredResponse: rest.some(namesStoredResponse),
    isStream: rest.findLast(({ name }) => name === 'stream')?.value.kind === 'true',
    asksUsage: includeUsages(rest).some(({ value }) => value.kind === 'true'),
    maxTokens: largest(limits(rest, MAX_TOKENS, 'maxoutputtokens')),
    choices: largest(limits(rest, CHOICES, 'candidatecount')),
    place:
      first === undefined ? null : { offset: first.value.start, length: first.value.end - first.value.start },
    usage: usageEdit(root, rest),
  };
}

function agrees(text: string, { name, hasResourceNames }: PathModel): boolean {
  return text === name || (hasResourceNames && text === `models/${name}`);
}

/** Members of the objects in a value that stands `depth` levels deep, down to a level. */
function membersWithin({ value, depth }: InnerMember, deepest: number): InnerMember[] {
  return within(value, depth + 1, deepest);
}

function within(node: JsonNode, depth: number, deepest: number): InnerMember[] {
  if (depth > deepest) return [];
  return [
    ...node.members.flatMap((member) => [
      { ...member, name: normalName(member.key), depth },
      ...within(member.value, depth + 1, deepest),
    ]),
    ...node.elements.flatMap((element) => within(element, depth + 1, deepest)),
  ];
}

function innerRequests(members: readonly InnerMember[]): InnerMember[] {
  return members.flatMap((member) => {
    if (member.name === 'generatecontentrequest') return membersWithin(member, 2);
    if (member.name !== 'requests') return [];
    return membersWithin(member, 3).filter(({ depth }) => depth === 3);
  });
}

function namesAnotherModel(member: InnerMember): boolean {
  if (memberChoosesModel(member.name)) return true;
  if (member.name === 'tools' || member.name === 'plugins') {
    return membersWithin(member, 4).some(({ name }) => speaksOfModels(name));
  }
  if (member.name !== 'extrabody') return false;
  return membersWithin(member, 3).some(({ name, depth }) =>
    depth === 2 ? memberChoosesModel(name) : choosesModel(name),
  );
}

function namesStored(member: InnerMember): boolean {
  const { name, value } = member;
  if (memberChoosesModel(name)) return false;
  if (STORED_REFERENCES.has(name)) return value.kind !== 'null';
  if (name === 'prompt') return value.kind === 'object';
  const inner = (deepest: number): InnerMember[] => membersWithin(member, deepest);
  const isReference = (found: InnerMember): boolean =>
    STORED_REFERENCES.has(found.name) && found.value.kind !== 'null';
  switch (name) {
    case 'container':
      return value.kind === 'string' || inner(2).some((id) => id.name === 'id' && id.value.kind !== 'null');
    case 'tools':
    case 'plugins':
      return inner(4).some((found) => found.name === 'container' && found.value.kind === 'string');
    case 'extrabody':
      return inner(3).some(isReference);
    case 'requests':
      return inner(3).some((found) => found.depth === 3 && isReference(found));
    case 'generatecontentrequest':
      return inner(2).some(isReference);
    default:
      return false;
  }
}

function namesStoredResponse({ name, value }: InnerMember): boolean {
  if (name === 'background') return value.kind !== 'null' && value.kind !== 'false';
  if (name !== 'input') return false;
  const items = [...value.elements, ...value.members.map((member) => member.value)];
  return items.some((item) => item.kind === 'object' && isItemReference(item));
}

/** An item is what its one `type` says, or a message; all else refers to one that the provider stored. */
function isItemReference({ members }: JsonNode): boolean {
  const names = new Set(members.map(({ key }) => normalName(key)));
  const types = members.filter(({ key }) => normalName(key) === 'type').map(({ value }) => value);
  const [type] = types;
  if (types.length > 1) return true;
  if (type === undefined || type.kind === 'null') return !(names.has('role') && names.has('content'));
  return type.kind !== 'string' || type.text === 'item_reference';
}

function limits(
  members: readonly InnerMember[],
  names: ReadonlySet<string>,
  configName: string,
): readonly JsonNode[] {
  return members.flatMap((member) => {
    if (names.has(member.name)) return [member.value];
    if (member.name !== 'generationconfig') return [];
    return membersWithin(member, 2)
      .filter(({ name }) => name === configName)
      .map(({ value }) => value);
  });
}

function largest(values: readonly JsonNode[]): number {
  const numbers = values
    .filter(({ kind, text }) => kind === 'number' && !text.startsWith('-'))
    .map(({ text }) => (/^[0-9]+$/.test(text) ? Math.min(Number(text), MAX_NUMBER) : MAX_NUMBER));
  return Math.max(0, ...numbers);
}

function includeUsages(members: readonly InnerMember[]): readonly InnerMember[] {
  return members
    .filter(({ name }) => name === 'streamoptions')
    .flatMap((options) => membersWithin(options, 2))
    .filter(({ name }) => name === 'includeusage');
}

/** The smallest change that makes a body ask for usage; null when there is none, or no single one. */
function usageEdit(root: JsonNode, members: readonly InnerMember[]): UsageEdit | null {
  const [options, second] = members.filter(({ name }) => name === 'streamoptions');
  if (options === undefined) return { form: L.CALL_USAGE_MEMBER, offset: root.start + 1, length: 0 };
  const { value } = options;
  if (second !== undefined) return null;
  if (value.kind === 'null') {
    return { form: L.CALL_USAGE_OPTIONS, offset: value.start, length: value.end - value.start };
  }
  if (value.kind !== 'object') return null;
  const [usage, another] = includeUsages([options]);
  if (another !== undefined) return null;
  if (usage === undefined) {
    const form = value.members.length === 0 ? L.CALL_USAGE_ONLY : L.CALL_USAGE_FIRST;
    return { form, offset: value.start + 1, length: 0 };
  }
  const { kind, start, end } = usage.value;
  return kind === 'false' || kind === 'null'
    ? { form: L.CALL_USAGE_VALUE, offset: start, length: end - start }
    : null;
}
