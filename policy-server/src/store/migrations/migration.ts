/** One step of the database's schema. Once released it is never edited: its checksum is in every database. */
export interface Migration {
  /** From 1, without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}
