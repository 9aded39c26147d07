import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** Structured logger: constant message, fields beside it. */
export type Logger = PinoLogger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Options of `createLogger`. */
export interface LoggerOptions {
  /** Name of the service or subsystem, a field of each line. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default: standard output, written synchronously, so that no line is lost when the process dies. */
  readonly destination?: DestinationStream;
}

const SECRET_FIELDS = [
  'authorization',
  '["proxy-authorization"]',
  '["x-api-key"]',
  'cookie',
  'token',
  'value',
  'secret',
  'password',
  'body',
];

/** A field access such as `a.b` or `a["b-c"]`, under `prefix` (empty for the top level). */
function under(prefix: string, field: string): string {
  if (prefix === '') return field;
  return field.startsWith('[') ? `${prefix}${field}` : `${prefix}.${field}`;
}

/** Paths in a log line whose values are replaced, at the top level and two levels down. */
const REDACTED_PATHS: readonly string[] = SECRET_FIELDS.flatMap((field) =>
  ['', '*', '*.*'].map((prefix) => under(prefix, field)),
);

/** A JSON-lines logger that replaces the values of fields whose names speak of secrets. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: { paths: [...REDACTED_PATHS], censor: '[redacted]' },
      base: { name: options.name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pino.destination({ sync: true }),
  );
}
