import { describe, expect, it } from 'vitest';
import { figure } from '../statistics.js';
import { markdown, replaceResults } from './markdown.js';
import { atLeast, atMost, type BenchResult, milliseconds, percent } from './result.js';

const result: BenchResult = {
  machine: {
    cpu: 'CPU',
    cores: 2,
    memoryGib: 4,
    kernel: '6.1',
    node: '20.19.0',
    envoy: '1.40.0',
    commit: 'abc',
  },
  startedAt: '2026-11-21T08:00:00.000Z',
  seconds: 61,
  quick: false,
  parts: {
    throughput: {
      title: 'Throughput',
      method: ['So and so.'],
      seconds: 61,
      tables: [
        {
          columns: [
            { key: 'rate', title: 'requests/s', digits: 0 },
            { key: 'ratio', title: 'x plain', digits: 2 },
          ],
          rows: [
            { label: 'plain', cells: { rate: figure([1000, 1100, 900]) } },
            { label: 'ours', cells: { rate: figure([800]), ratio: figure([0.8]) } },
          ],
        },
      ],
      targets: [
        atLeast('of plain', 0.75, figure([0.8]), percent),
        atMost('latency', 0.1, figure([0.2, 0.3, 0.25]), milliseconds),
      ],
    },
  },
};

describe('report', () => {
  it('reads well as plain text and as Markdown', () => {
    expect(markdown(result)).toMatchInlineSnapshot(`
      "Measured 2026-11-21 on CPU, 2 cores, 4 GiB, Linux 6.1; Node 20.19.0, Envoy 1.40.0, commit abc. One run of 61 s.

      Each figure is the median of its rounds; ± is half the distance between the extremes, as a share of the median.

      ### Throughput (\`throughput\`)

      So and so.

      |       | requests/s | x plain |
      | ----- | ---------: | ------: |
      | plain | 1000 ±10 % |         |
      | ours  |        800 |    0.80 |

      | target   |     bound |                              measured |            |
      | -------- | --------: | ------------------------------------: | ---------: |
      | of plain |  ≥ 75.0 % |                                80.0 % |        met |
      | latency  | ≤ 0.10 ms | 0.25 ms (0.20 ms – 0.30 ms, 3 rounds) | **missed** |"
    `);
  });

  it('goes between the markers of the document and nowhere else', () => {
    const document =
      'before\n<!-- results: written by `make bench` -->\nold\n<!-- end of results -->\nafter\n';
    const once = replaceResults(document, 'new');
    expect(once).toContain('before\n');
    expect(once).toContain('\nafter\n');
    expect(once).not.toContain('old');
    expect(replaceResults(once, 'new')).toBe(once);
    expect(() => replaceResults('no markers', 'new')).toThrow(/markers|missing/);
  });
});
