import { type Figure, spread } from '../statistics.js';
import type { BenchResult, PartResult, Table } from './result.js';

/** The results as Markdown: what goes to the terminal and into the documentation. */
export function markdown(result: BenchResult): string {
  const { machine } = result;
  const head = [
    `Measured ${result.startedAt.slice(0, 10)} on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}; ` +
      `Node ${machine.node}, Envoy ${machine.envoy}${machine.commit === '' ? '' : `, commit ${machine.commit}`}. ` +
      `One run of ${Math.round(result.seconds)} s.${result.quick ? ' **Short rounds, for trying out only.**' : ''}`,
    'Each figure is the median of its rounds; ± is half the distance between the extremes, as a share of the median.',
  ];
  const parts = Object.entries(result.parts).map(([name, part]) => partMarkdown(name, part));
  return [...head, ...parts].join('\n\n');
}

function partMarkdown(name: string, part: PartResult): string {
  const targets =
    part.targets.length === 0
      ? []
      : [
          textTable(
            ['target', 'bound', 'measured', ''],
            part.targets.map(({ what, target, measured, met }) => [
              what,
              target,
              measured,
              met ? 'met' : '**missed**',
            ]),
          ),
        ];
  return [
    `### ${part.title} (\`${name}\`)`,
    part.method.join(' '),
    ...part.tables.map(figureTable),
    ...targets,
  ].join('\n\n');
}

function figureTable(table: Table): string {
  const rows = table.rows.map((row) => [
    row.label,
    ...table.columns.map(({ key, digits }) => {
      const cell = row.cells[key];
      return cell === undefined ? '' : show(cell, digits);
    }),
  ]);
  return textTable(['', ...table.columns.map(({ title }) => title)], rows);
}

function show(of: Figure, digits: number): string {
  const value = of.median.toFixed(digits);
  return of.rounds === 1 ? value : `${value} ±${(spread(of) * 100).toFixed(0)} %`;
}

/** Columns as wide as their widest cell, so that it reads well as plain text too. */
function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const BEGIN = '<!-- results: written by `make bench` -->';
const END = '<!-- end of results -->';

/** @throws Error when the document has lost its markers */
export function replaceResults(document: string, results: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin)
    throw new Error(`docs/benchmarks.md: the lines ${BEGIN} and ${END} are missing`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${document.slice(end)}`;
}
