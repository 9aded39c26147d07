import {
  HeaderMap,
  httpCallResponseHeaders,
  httpCallResponseTrailers,
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
} from '../hostcalls/header-map';
import { Headers } from '../pairs';

/** A header map with text in and out. What fails without a way to say so is logged when the callback ends. */
export class HeaderStreamManipulator {
  constructor(private map: HeaderMap) {}

  /** The first value, or '' when the header is absent. */
  get(key: string): string {
    return this.map.get(key).or('');
  }
  add(key: string, value: string): void {
    this.map.add(key, value);
  }
  replace(key: string, value: string): void {
    this.map.replace(key, value);
  }
  remove(key: string): void {
    this.map.remove(key);
  }
  get_headers(): Headers {
    return this.map.pairs().value;
  }
  set_headers(headers: Headers): void {
    this.map.setPairs(headers);
  }
}

export class HeaderMapManipulator {
  constructor(
    public request: HeaderStreamManipulator,
    public response: HeaderStreamManipulator,
    public http_callback: HeaderStreamManipulator,
  ) {}
}

export class StreamManipulator {
  constructor(
    public headers: HeaderMapManipulator,
    public trailers: HeaderMapManipulator,
  ) {}
}

/** The stream whose callback is running. */
export const stream_context = new StreamManipulator(
  new HeaderMapManipulator(
    new HeaderStreamManipulator(requestHeaders),
    new HeaderStreamManipulator(responseHeaders),
    new HeaderStreamManipulator(httpCallResponseHeaders),
  ),
  new HeaderMapManipulator(
    new HeaderStreamManipulator(requestTrailers),
    new HeaderStreamManipulator(responseTrailers),
    new HeaderStreamManipulator(httpCallResponseTrailers),
  ),
);
