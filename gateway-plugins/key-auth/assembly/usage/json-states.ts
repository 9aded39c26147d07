// Where the walk through a JSON document stands.

export const JSON_START: u32 = 0;
export const JSON_FIRST_KEY: u32 = 1;
export const JSON_KEY: u32 = 2;
export const JSON_COLON: u32 = 3;
export const JSON_VALUE: u32 = 4;
export const JSON_FIRST_ELEMENT: u32 = 5;
export const JSON_AFTER: u32 = 6;
export const JSON_END: u32 = 7;
export const JSON_TEXT: u32 = 8;
export const JSON_ESCAPE: u32 = 9;
export const JSON_HEX: u32 = 10;
export const JSON_NUMBER: u32 = 11;
/** A number that does not matter, true, false or null. */
export const JSON_SCALAR: u32 = 12;
/** Within a container that does not matter, outside and inside of its strings. */
export const JSON_SKIP: u32 = 13;
export const JSON_SKIP_TEXT: u32 = 14;
export const JSON_SKIP_ESCAPE: u32 = 15;
/** It is no JSON; nothing more is read. */
export const JSON_BROKEN: u32 = 16;
