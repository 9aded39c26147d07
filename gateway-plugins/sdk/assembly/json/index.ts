export * from './value';
export { parseJson, parseJsonObject, JsonResult } from './parser';
