import { GatewayError } from './gateway-error.js';

/** Reads settings from environment variables; each getter throws `CONFIG_INVALID` naming the variable. */
export interface EnvironmentReader {
  /** The text of the variable; unset or empty gives the default. */
  text(name: string, fallback: string): string;
  /** A decimal integer within bounds, both included. */
  integer(name: string, fallback: number, bounds: { readonly min: number; readonly max: number }): number;
  /** One of the listed words. */
  choice<T extends string>(name: string, fallback: T, choices: readonly T[]): T;
}

/** @param environment usually `process.env`, taken by the one module that reads configuration */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentReader {
  const raw = (name: string): string | undefined => {
    const value = environment[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const invalid = (name: string, wanted: string): GatewayError =>
    new GatewayError('CONFIG_INVALID', `${name} must be ${wanted}; correct or unset the variable.`);
  return {
    text: (name, fallback) => raw(name) ?? fallback,
    integer: (name, fallback, { min, max }) => {
      const value = raw(name);
      if (value === undefined) return fallback;
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= min && number <= max)) throw invalid(name, `an integer from ${min} to ${max}`);
      return number;
    },
    choice: (name, fallback, choices) => {
      const value = raw(name);
      if (value === undefined) return fallback;
      const choice = choices.find((candidate) => candidate === value);
      if (choice === undefined) throw invalid(name, `one of ${choices.join(', ')}`);
      return choice;
    },
  };
}
