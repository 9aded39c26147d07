import { styleText } from 'node:util';

/** Where commands write what people read. */
export interface Terminal {
  /** A finished step, or plain text. */
  line(text: string): void;
  /** Something has begun that takes a moment; the next line replaces it on a terminal. */
  working(text: string): void;
  readonly colours: boolean;
}

export type Colour = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

const CLEAR_LINE = '\r\u001b[2K';

/**
 * @param stream usually `process.stderr` for progress and `process.stdout` for results
 * @param noColour from the environment variable NO_COLOR
 */
export function terminalOf(stream: NodeJS.WriteStream, noColour: boolean): Terminal {
  const rewrites = stream.isTTY;
  let pending = false;
  const clear = (): void => {
    if (pending) stream.write(CLEAR_LINE);
    pending = false;
  };
  return {
    colours: rewrites && !noColour,
    line: (text) => {
      clear();
      stream.write(`${text}\n`);
    },
    working: (text) => {
      clear();
      stream.write(rewrites ? text : `${text}\n`);
      pending = rewrites;
    },
  };
}

/** A terminal that says nothing. */
export const quiet: Terminal = { line: () => undefined, working: () => undefined, colours: false };

export function paint(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colours ? styleText(colour, text, { validateStream: false }) : text;
}
