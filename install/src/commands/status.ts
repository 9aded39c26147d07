import { paint } from '../progress.js';
import type { CommandContext } from './context.js';
import { type Observation, observe, type ObservedProcess } from './observe.js';

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** A duration in its two largest units, such as `3h 12m`. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < MINUTE_S) return `${seconds}s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)}m ${seconds % MINUTE_S}s`;
  if (seconds < DAY_S) {
    return `${Math.floor(seconds / HOUR_S)}h ${Math.floor((seconds % HOUR_S) / MINUTE_S)}m`;
  }
  return `${Math.floor(seconds / DAY_S)}d ${Math.floor((seconds % DAY_S) / HOUR_S)}h`;
}

/** Rows as columns of equal width, two spaces apart. */
export function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function processRow(each: ObservedProcess): readonly string[] {
  return [
    each.name,
    each.state,
    each.pid === null ? '-' : String(each.pid),
    formatSeconds(each.uptimeSeconds),
    String(each.restarts),
    each.version,
    each.policyVersion === null ? '-' : String(each.policyVersion),
    each.address,
    each.log,
  ];
}

const HEADINGS = ['NAME', 'STATE', 'PID', 'UPTIME', 'RESTARTS', 'VERSION', 'POLICY', 'ADDRESS', 'LOG'];

/** What is wrong, one line each. */
function remarks(observation: Observation): readonly string[] {
  const lines: string[] = [];
  if (!observation.supervisor.running && observation.processes.some(({ pid }) => pid !== null)) {
    lines.push('The supervisor does not run: nothing is restarted. "make up" takes the processes over.');
  }
  if (observation.processes.every(({ state }) => state === 'stopped')) {
    return ['Nothing runs; "make up" starts it.'];
  }
  for (const { name, up, lastEnd, lastError } of observation.processes) {
    if (!up && lastEnd !== null) lines.push(`${name} ended last with: ${lastEnd}`);
    if (lastError !== null) {
      lines.push(`${name} refused ${lastError.resource} at ${lastError.at}: ${lastError.message}`);
    }
  }
  if (observation.problem !== null) lines.push(observation.problem);
  return lines;
}

function showTable({ terminal }: CommandContext, observation: Observation): void {
  const [headings = '', ...rows] = formatTable([HEADINGS, ...observation.processes.map(processRow)]);
  const { supervisor } = observation;
  terminal.line(
    `${paint(terminal, 'bold', 'Home')} ${observation.home}   ${paint(terminal, 'bold', 'API')} ${observation.api ?? '-'}   ` +
      `${paint(terminal, 'bold', 'Supervisor')} ${supervisor.pid === null ? 'not running' : `pid ${supervisor.pid}, ${formatSeconds(supervisor.uptimeSeconds)}`}`,
  );
  terminal.line('');
  terminal.line(paint(terminal, 'dim', headings));
  observation.processes.forEach((each, index) => {
    terminal.line(paint(terminal, each.up ? 'green' : 'red', rows[index] ?? ''));
  });
  const problems = remarks(observation);
  if (problems.length > 0) terminal.line('');
  for (const problem of problems) terminal.line(paint(terminal, 'yellow', problem));
}

/**
 * Shows how the installation is.
 *
 * @returns the exit code: 0 when everything runs and is ready, 1 when something is down, 3 when nothing runs
 */
export async function showStatus(
  context: CommandContext,
  options: { readonly json: boolean },
): Promise<number> {
  const observation = await observe(context);
  if (options.json) context.terminal.line(JSON.stringify(observation, null, 2));
  else if (!observation.installed) context.terminal.line(`There is no installation in ${observation.home}.`);
  else showTable(context, observation);
  if (observation.healthy) return 0;
  const runs = observation.supervisor.running || observation.processes.some(({ pid }) => pid !== null);
  return runs ? 1 : 3;
}
