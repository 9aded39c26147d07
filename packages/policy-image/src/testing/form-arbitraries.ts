import fc from 'fast-check';
import { MODELS } from './policy-arbitraries.js';

/** The boundary of most generated forms; dashes, so that it overlaps with itself. */
export const BOUNDARY = '--b';

const DELIMITER = `--${BOUNDARY}`;
const NAMES = [
  ...['model', 'model', 'model', 'file', 'stream', 'language', 'Model', 'model[]', 'fallbacks', 'deployment'],
  ...['_charset_', 'mod%65l', '', 'a b'],
];
const EXTRA_HEADERS = [
  ...[
    '',
    '',
    '',
    'Content-Type: text/plain\r\n',
    'Content-Type: text/plain; charset=utf-8\r\n',
    'X-A: b\r\n',
  ],
  ...['Content-Type: audio/wav\r\n', 'Content-Type: multipart/mixed\r\n', 'Content-Length: 6\r\n', 'x\r\n'],
  ...['Content-Transfer-Encoding: binary\r\n', 'content-transfer-encoding: base64\r\n', ' folded\r\n'],
];
const CONTENT_WORDS = [
  '\r\n',
  '\n',
  '\r',
  '-',
  '--',
  DELIMITER,
  `${DELIMITER}--`,
  BOUNDARY,
  'x',
  '\u0000',
  'true',
  'é',
];
const ODD = ['', ' ', '\r\n', '\n', '--', 'x', DELIMITER, '"', ';', '\u0000'];

const content = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...MODELS) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom(...CONTENT_WORDS), { maxLength: 6 }).map((words) => words.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' gpt-4o', 'gpt-4o ', 'x'.repeat(256), 'x'.repeat(257), 'true', '1'),
  },
);
const part = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(
      '',
      '',
      '',
      '; filename="a;b"',
      '; filename="a\\"',
      "; filename=x; filename*=UTF-8''x",
      '; x=y',
    ),
    fc.constantFrom(...EXTRA_HEADERS),
    content,
  )
  .map(
    ([name, rest, header, text]) =>
      `${DELIMITER}\r\n${header}Content-Disposition: form-data; name="${name}"${rest}\r\n\r\n${text}\r\n`,
  );
const sound = fc
  .tuple(fc.array(part, { maxLength: 3 }), fc.constantFrom(`${DELIMITER}--\r\n`, `${DELIMITER}--`))
  .map(([parts, end]) => parts.join('') + end);

/** Bodies of forms: mostly sound, many with something odd put in or left out anywhere. */
export const formBody: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    { weight: 4, arbitrary: sound },
    {
      weight: 3,
      arbitrary: fc
        .tuple(sound, fc.nat(), fc.nat(3), fc.constantFrom(...ODD))
        .map(([form, place, cut, odd]) => {
          const at = place % (form.length + 1);
          return form.slice(0, at) + odd + form.slice(at + cut);
        }),
    },
  )
  .map((form) => Buffer.from(form, 'utf8'));
