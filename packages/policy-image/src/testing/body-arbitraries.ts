import fc from 'fast-check';
import { MODELS } from './policy-arbitraries.js';

const KEYS = [
  'model',
  'model',
  'model',
  'Model',
  'models',
  'fallbacks',
  'FALLBACK',
  'messages',
  'x',
  'é',
  '',
  'mode',
  'models2',
  'previous_response_id',
  'background',
  'prompt',
  'container',
  'engine',
  'model_id',
  'stream',
  'stream_options',
  'include_usage',
];
const WORDS = [
  ...['{', '}', '[', ']', ':', ',', '"', '\\', ' ', '\n', '\t', '\r', '\f', '\u0000', '\u007f', '\ufeff'],
  ...[
    '"model"',
    '"m\\u006fdel"',
    '"Model"',
    '"models"',
    '"fallbacks"',
    '"gpt-4o"',
    '"gpt-4\\ud83d\\ude00"',
    '"\\ud800"',
    '"a\\n"',
  ],
  ...[
    'null',
    'true',
    'false',
    'tru',
    'NaN',
    '0',
    '-0',
    '01',
    '1.5',
    '1e5',
    '1e',
    '-',
    '.5',
    '1.',
    '//',
    '/*',
  ],
  ...['\\u00', '\\u0041', '\\x', 'é', '模型', '😀'],
];
const ODD_BYTES = ['ff', '80', 'c3', 'c0a2', 'e080a2', 'eda080', 'f4908080', 'efbbbf', 'f09f98'];

/** The text with some of its characters written as escapes, which changes nothing for a JSON reader. */
function escaped(text: string): fc.Arbitrary<string> {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return fc
    .array(fc.boolean(), { minLength: units.length, maxLength: units.length })
    .map((flags) =>
      units
        .map((unit, i) => (flags[i] === true ? `\\u${unit.toString(16).padStart(4, '0')}` : rawUnit(unit)))
        .join(''),
    );
}

/** Half of a pair must not stand raw beside an escaped other half. */
function rawUnit(unit: number): string {
  const text = String.fromCharCode(unit);
  return unit < 0x20 || text === '"' || text === '\\' || (unit >= 0xd800 && unit <= 0xdfff)
    ? `\\u${unit.toString(16).padStart(4, '0')}`
    : text;
}

function jsonText(text: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(JSON.stringify(text)) },
    escaped(text).map((inner) => `"${inner}"`),
  );
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r\n');
const modelValue = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...MODELS).chain(jsonText) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300, unit: 'binary' }).chain(jsonText) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'null',
      '4',
      '[]',
      '{}',
      '""',
      '"\\ud800"',
      '"a\\u0000"',
      `"${'x'.repeat(256)}"`,
      `"${'x'.repeat(257)}"`,
    ),
  },
);
const otherValue = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));

/** Members whose inside counts, with the names that count there and some that do not. */
const nested = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      'null',
      'true',
      'false',
      '1',
      '"item_reference"',
      '"message"',
      '"models/gpt-4o"',
      '"gpt-4o"',
    ),
    fc
      .array(
        fc.tuple(
          fc.constantFrom(
            ...['type', 'Type', 'role', 'content', 'id', 'model', 'fallbacks', 'container', 'parameters'],
            ...['include_usage', 'cached_content', 'properties', 'google', 'x'],
          ),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
    fc.array(tie('value'), { maxLength: 3 }).map((elements) => `[${elements.join(', ')}]`),
  ),
})).value;
const section = fc.tuple(
  fc
    .constantFrom(
      ...['input', 'tools', 'plugins', 'extra_body', 'container', 'prompt', 'requests'],
      ...['stream_options', 'stream_options', 'generateContentRequest', 'generation_config', 'messages'],
    )
    .chain(jsonText),
  nested,
);
const streaming = fc.tuple(fc.constant('"stream"'), fc.constantFrom('true', 'true', 'false', 'null'));

const member = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(jsonText('model'), modelValue) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...KEYS).chain(jsonText), fc.oneof(modelValue, otherValue)),
  },
  { weight: 2, arbitrary: section },
  { weight: 1, arbitrary: streaming },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom('messages', 'x', 'stream', 'é').chain(jsonText), otherValue),
  },
);

/** A well-formed object, often with one model, sometimes with several or none. */
const wellFormed = fc
  .tuple(fc.array(fc.tuple(space, member, space, space), { maxLength: 4 }), space)
  .map(([members, around]) => {
    const inner = members.map(([a, [key, value], b, c]) => `${a}${key}${b}:${c}${value}${a}`).join(',');
    return Buffer.from(`${around}{${inner}}${around}`);
  });

/** Words of JSON in any order. */
const soup = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...WORDS).map((word) => Buffer.from(word)) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_BYTES).map((hex) => Buffer.from(hex, 'hex')) },
    ),
    { maxLength: 12 },
  )
  .chain((words) =>
    fc.constantFrom(Buffer.concat(words), Buffer.concat([Buffer.from('{'), ...words, Buffer.from('}')])),
  );

/** A well-formed object with one byte changed, taken out or put in. */
const damaged = fc
  .tuple(wellFormed, fc.nat(), fc.constantFrom('change', 'remove', 'insert', 'cut'), fc.nat(255))
  .map(([body, place, how, byte]) => {
    const at = place % body.length;
    const rest = how === 'insert' ? at : at + 1;
    const middle = how === 'change' || how === 'insert' ? [byte] : [];
    return Buffer.from([...body.subarray(0, at), ...middle, ...(how === 'cut' ? [] : body.subarray(rest))]);
  });

const deep = fc
  .tuple(fc.integer({ min: 124, max: 131 }), fc.constantFrom<[string, string]>(['[', ']'], ['{"a":', '}']))
  .map(([depth, [open, close]]) => {
    const innermost = open === '[' ? '' : '0';
    return Buffer.from(`{"model":"gpt-4o","a":${open.repeat(depth)}${innermost}${close.repeat(depth)}}`);
  });

/** Bodies of requests to models: mostly well-formed, many nearly so, some nothing like it. */
export const body: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: wellFormed },
  { weight: 2, arbitrary: damaged },
  { weight: 2, arbitrary: soup },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
);

/** The body in pieces, cut anywhere; no piece is empty. */
export function pieces(bytes: Uint8Array): fc.Arbitrary<readonly Uint8Array[]> {
  if (bytes.length === 0) return fc.constant([]);
  const cuts = fc.oneof(
    fc.constant<number[]>([]),
    fc.uniqueArray(fc.nat(bytes.length - 1), { maxLength: 4 }),
    fc.constant(Array.from({ length: Math.min(bytes.length, 400) }, (_, i) => i)),
  );
  return cuts.map((at) => {
    const bounds = [0, ...at.filter((cut) => cut > 0).toSorted((a, b) => a - b), bytes.length];
    return bounds.slice(1).map((end, i) => bytes.subarray(bounds[i], end));
  });
}
