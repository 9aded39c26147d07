import { GatewayError } from '@hiclaw/service-kit';
import { paint, type Terminal } from '../progress.js';

/** Tells what the demo does, and fails it when something is not as it should be. */
export interface Narrator {
  step(title: string): void;
  request(text: string): void;
  answer(status: number, text: string): void;
  /** A remark without a check. */
  note(text: string): void;
  /** @throws GatewayError `DEMO_FAILED` when it does not hold */
  check(holds: boolean, claim: string): void;
}

const LONGEST_LINE = 160;

function shortened(text: string): string {
  const line = text.replaceAll('\n', ' ');
  return line.length <= LONGEST_LINE ? line : `${line.slice(0, LONGEST_LINE - 1)}…`;
}

export function narratorOn(terminal: Terminal): Narrator {
  let step = 0;
  return {
    step: (title) => {
      step += 1;
      terminal.line('');
      terminal.line(paint(terminal, 'bold', `${step}. ${title}`));
    },
    request: (text) => {
      terminal.line(`   ${paint(terminal, 'cyan', '→')} ${shortened(text)}`);
    },
    answer: (status, text) => {
      const colour = status < 300 ? 'green' : 'yellow';
      terminal.line(
        `   ${paint(terminal, colour, `← ${status}`)} ${paint(terminal, 'dim', shortened(text))}`,
      );
    },
    note: (text) => {
      terminal.line(`   ${paint(terminal, 'dim', text)}`);
    },
    check: (holds, claim) => {
      if (!holds) {
        terminal.line(`   ${paint(terminal, 'red', `✗ ${claim}`)}`);
        throw new GatewayError('DEMO_FAILED', `The demo failed: this should hold, and does not: ${claim}.`);
      }
      terminal.line(`   ${paint(terminal, 'green', `✓ ${claim}`)}`);
    },
  };
}
