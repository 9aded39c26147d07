import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { journalLine } from './journal.fixture.js';
import { decodeLines, MAX_LINE_BYTES } from './journal-lines.js';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';

function decode(text: string | Buffer): { readonly ids: string[]; readonly problems: readonly string[] } {
  const { records, problems } = decodeLines(Buffer.from(text));
  return { ids: records.map(({ id }) => id.toString('hex').slice(-1)), problems };
}

describe('decodeLines', () => {
  it('decodes each line, and none where there is none', () => {
    expect(decode('')).toEqual({ ids: [], problems: [] });
    expect(decode(`${journalLine({ id: A })}\n\n${journalLine({ id: B })}\n`)).toEqual({
      ids: ['a', 'b'],
      problems: [],
    });
  });

  it('decodes a last line that lacks its end', () => {
    expect(decode(`${journalLine({ id: A })}\n${journalLine({ id: B })}`)).toEqual({
      ids: ['a', 'b'],
      problems: [],
    });
  });

  it('goes on behind lines that hold no record', () => {
    const text = `garbage\n${journalLine({ id: A })}\n{}\n${journalLine({ id: B })}\n`;
    expect(decode(text)).toEqual({ ids: ['a', 'b'], problems: ['line is not JSON', 'usage'] });
  });

  it('goes on behind bytes that are no text', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from(`${journalLine({ id: B })}\n`),
    ]);
    expect(decode(bytes)).toEqual({ ids: ['b'], problems: ['line is not JSON'] });
  });

  it('takes a record in which a client named a model with bytes that are no text', () => {
    const [before = '', after = ''] = journalLine({ usage: { model: 'a@b' } }).split('@');
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xc3]), Buffer.from(`${after}\n`)]);
    expect(decodeLines(bytes)).toMatchObject({
      records: [{ requestedModel: 'a\ufffd\ufffdb' }],
      problems: [],
    });
  });

  it('refuses a line of more bytes than Envoy writes', () => {
    const long = journalLine({ id: A, consumer: 'x'.repeat(MAX_LINE_BYTES) });
    expect(decode(`${long}\n${journalLine({ id: B })}\n`)).toEqual({
      ids: ['b'],
      problems: ['line is too long'],
    });
  });

  it('finds the record behind half a line, wherever a gateway died', () => {
    const torn = Buffer.from(journalLine({ id: A, usage: { model: '☃{"id":"x"}' } }));
    const whole = `${journalLine({ id: B, usage: { model: '{"v":1}☃' } })}\n`;
    for (let cut = 1; cut < torn.length; cut++) {
      const { ids, problems } = decode(Buffer.concat([torn.subarray(0, cut), Buffer.from(whole)]));
      expect({ cut, ids, problems: problems.length }).toEqual({ cut, ids: ['b'], problems: 1 });
    }
  });

  it('finds both records when only the line end between them is missing', () => {
    const text = `${journalLine({ id: A })}${journalLine({ id: B })}\n`;
    expect(decode(text)).toEqual({ ids: ['a', 'b'], problems: ['line is not JSON'] });
  });

  it('does not take what a client wrote for a record', () => {
    const evil = journalLine({ id: A });
    const torn = journalLine({ id: B, usage: { model: evil } }).slice(0, -1);
    expect(decode(`${torn}\n`).ids).toEqual([]);
    expect(decode(`${torn}garbage\n`).ids).toEqual([]);
  });

  it('never fails, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
        expect(decodeLines(Buffer.from(bytes)).records).toEqual([]);
      }),
    );
  });
});
