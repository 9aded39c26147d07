import { activeStream } from '../context/dispatcher';
import { StreamContext } from '../context/stream-context';
import { setEffectiveContext } from '../hostcalls/context';
import { requestHeaders } from '../hostcalls/header-map';
import { getProperty } from '../hostcalls/property';
import { KeptValues } from './kept-values';

/** The request that a handler works on. */
export abstract class HttpContext extends StreamContext {
  protected needRequestBody: bool = false;
  protected needResponseBody: bool = false;
  private kept: KeptValues = new KeptValues();

  Scheme(): string {
    return this.field(':scheme', 'scheme');
  }
  Host(): string {
    return this.field(':authority', 'host');
  }
  Path(): string {
    return this.field(':path', 'path');
  }
  Method(): string {
    return this.field(':method', 'method');
  }

  /** Keeps a number, or an object by `changetype<usize>(object)`, for the later handlers of this request. */
  SetContext(key: string, value: usize): void {
    this.kept.set(key, value);
  }
  /** What SetContext() kept; 0 when nothing. */
  GetContext(key: string): usize {
    return this.kept.get(key);
  }

  /** Lets the request body pass without the body handler. */
  DontReadRequestBody(): void {
    this.needRequestBody = false;
  }
  /** Lets the response body pass without the body handler. */
  DontReadResponseBody(): void {
    this.needResponseBody = false;
  }

  private field(header: string, property: string): string {
    if (activeStream() != this) setEffectiveContext(this.id).must();
    const value = requestHeaders.get(header);
    // After the request headers have gone on, only the property is left.
    return value.ok ? value.value : getProperty(['request', property]).or('');
  }
}
