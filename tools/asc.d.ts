/**
 * The part of AssemblyScript's compiler API that tests use. Its own types declare AssemblyScript's globals as well, which
 * would change what `Array` and others mean in every file of the check.
 */
export interface AscApi {
  readonly readFile?: (name: string) => string | null;
  readonly writeFile?: (name: string, contents: Uint8Array | string) => void;
  readonly listFiles?: () => string[];
  readonly stderr?: { write(text: string | Uint8Array): boolean };
}

export function main(argv: string[], api: AscApi): Promise<{ error: Error | null }>;

declare const asc: { main: typeof main };
export default asc;
