// Counts of the document being read, and how they become counts of the response.

import { ENDPOINT_CHAT, ENDPOINT_COMPLETIONS } from '../endpoints';
import { COUNT_FIELDS } from './fields';
import {
  DOCUMENT_CHOICES,
  DOCUMENT_CONTENT,
  DOCUMENT_DELTA,
  DOCUMENT_ERROR,
  DOCUMENT_FAILURE,
  DOCUMENT_LAST,
  DOCUMENT_PENDING,
  DOCUMENT_USAGE,
  FAILED,
  FINISHED,
  foundOf,
  givenOf,
  PENDING,
  UsageState,
} from './state';

/** Where usage stands in a document. When it stands in several places, the highest counts. */
export const RANK_CHOICE: u32 = 1;
export const RANK_GROQ: u32 = 2;
export const RANK_TOKENS: u32 = 3;
export const RANK_BILLED: u32 = 4;
/** In the response or message that the event is about. */
export const RANK_WRAPPED: u32 = 5;
export const RANK_TOP: u32 = 6;

/** Forgets what was found. */
function clearFindings(state: UsageState): void {
  state.found = 0;
  state.foundBad = 0;
  state.foundRank = 0;
}

/** Makes ready for the counts of an object at this rank. False: another one counts more. */
export function beginFindings(state: UsageState, rank: u32): bool {
  if (rank < state.foundRank && (state.found | state.foundBad) != 0) return false;
  // Of choices each may have usage of its own; anywhere else it is the same one said again.
  if (rank == state.foundRank && rank != RANK_CHOICE) clearFindings(state);
  state.nextRank = rank;
  if (rank == RANK_TOP) state.document |= DOCUMENT_USAGE;
  return true;
}

/** A value for the usage of this rank that is no object: it replaces what was there, as in every JSON parser. */
export function withdrawFindings(state: UsageState, rank: u32): void {
  if (rank == RANK_TOP) state.document &= ~DOCUMENT_USAGE;
  if (rank == state.foundRank && rank != RANK_CHOICE) clearFindings(state);
}

/** What an object has replaces what another one had, but only if it has something. */
function replaceFindings(state: UsageState): void {
  if (state.nextRank == 0) return;
  clearFindings(state);
  state.foundRank = state.nextRank;
  state.nextRank = 0;
}

export function findCount(state: UsageState, field: u32, value: u32): void {
  replaceFindings(state);
  state.found |= 1 << field;
  state.foundBad &= ~(1 << field);
  store<u32>(foundOf(state) + (field << 2), value);
}

/** A value that is no count. */
export function findNoCount(state: UsageState, field: u32): void {
  replaceFindings(state);
  state.found &= ~(1 << field);
  state.foundBad |= 1 << field;
}

/** A null: as if the field were not there. */
export function findNothing(state: UsageState, field: u32): void {
  if (state.nextRank != 0) return;
  state.found &= ~(1 << field);
  state.foundBad &= ~(1 << field);
}

/** To be called at the start of a document. */
export function startDocument(state: UsageState): void {
  clearFindings(state);
  state.nextRank = 0;
  state.document = 0;
}

/**
 * To be called once a document is complete. Counts of a stream are cumulative, so later ones replace earlier ones, field
 * by field; only a 0 never replaces what was there, as some providers send an empty usage first or last.
 */
export function endDocument(state: UsageState): void {
  const document = state.document;
  if ((document & DOCUMENT_CONTENT) != 0) {
    state.contentEvents++;
    // More came than what seemed to be the last.
    state.flags &= ~FINISHED;
  }
  mergeFindings(state);
  if ((document & (DOCUMENT_ERROR | DOCUMENT_FAILURE)) != 0) state.flags |= FAILED;
  if ((document & DOCUMENT_PENDING) != 0) state.flags |= PENDING;
  if ((document & DOCUMENT_LAST) != 0 || (state.found != 0 && hasLastUsage(state))) state.flags |= FINISHED;
}

/** Whether the usage of the document is known to be the last of its stream. */
function hasLastUsage(state: UsageState): bool {
  const document = state.document;
  if ((document & DOCUMENT_DELTA) != 0) return true;
  if (state.endpoint != ENDPOINT_CHAT && state.endpoint != ENDPOINT_COMPLETIONS) return false;
  return (document & (DOCUMENT_USAGE | DOCUMENT_CHOICES)) == DOCUMENT_USAGE;
}

function mergeFindings(state: UsageState): void {
  if ((state.found | state.foundBad) == 0) return;
  const from = foundOf(state);
  const to = givenOf(state);
  for (let field: u32 = 0; field < <u32>COUNT_FIELDS; field++) {
    const bit: u32 = 1 << field;
    if ((state.foundBad & bit) != 0) state.givenBad |= bit;
    if ((state.found & bit) == 0) continue;
    const value = load<u32>(from + (field << 2));
    if (value == 0 && (state.given & bit) != 0) continue;
    store<u32>(to + (field << 2), value);
    state.given |= bit;
    state.givenBad &= ~bit;
  }
}
