// For plugins written for Higress's AssemblyScript packages: the same names, so that such a plugin ports by changing its
// imports. See README.md, "Porting a plugin from Higress", for what is different underneath.
import '../abort';

export * from './values';
export * from './hostcalls';
export { stream_context, HeaderStreamManipulator, HeaderMapManipulator } from './stream-context';
export { Log, logger } from './log';
export { Log as Logger } from './log';
export * from './cluster';
export { ClusterClient, ResponseCallBack } from './http-client';
export { HttpContext } from './http-context';
export { ParseResult } from './rule-matcher';
export {
  SetCtx,
  ParseConfigBy,
  ParseOverrideConfigBy,
  ProcessRequestHeadersBy,
  ProcessRequestBodyBy,
  ProcessResponseHeadersBy,
  ProcessResponseBodyBy,
  RegisterTickFunc,
} from './plugin';
export { HeaderPair, Headers } from '../pairs';
export { Counter, Gauge, Histogram } from './metric';
export { JSON } from '../json/value';
