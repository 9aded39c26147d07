import { HeaderMapType, Status } from './abi.js';
import {
  attributeChild,
  mergeAttributes,
  serializeAttribute,
  type Attributes,
  type AttributeValue,
} from './attributes.js';
import type { ByteString } from './bytes.js';
import type { Context } from './context.js';
import type { HeaderMap } from './header-map.js';
import { splitPath } from './stream-info.js';

/** Bytes of the property, or the status that Envoy answers. */
export function readProperty(context: Context, path: ByteString): Uint8Array | Status {
  const [first, ...rest] = splitPath(path);
  if (first === undefined) return Status.SerializationFailure;
  let value = topLevel(context, first);
  for (const part of rest) {
    if (value === undefined) break;
    value = attributeChild(value, part);
  }
  return value === undefined ? Status.NotFound : serializeAttribute(value);
}

export function writeProperty(context: Context, path: ByteString, value: Uint8Array): Status {
  if (context.info === null) return Status.NotFound;
  context.info.filterState.set(`wasm.${path}`, value);
  return Status.Ok;
}

function topLevel(context: Context, name: string): AttributeValue | undefined {
  const given = context.info?.attributes[name];
  const own = builtIn(context, name);
  if (isMap(given) && isMap(own)) return mergeAttributes(own, given);
  if (given !== undefined) return given;
  if (own !== undefined) return own;
  return context.info?.filterState.get(`wasm.${Buffer.from(name, 'utf8').toString('latin1')}`);
}

function isMap(value: AttributeValue | undefined): value is Attributes {
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

/** What follows from the node, the plugin and the maps that are there in this phase. */
function builtIn(context: Context, name: string): AttributeValue | undefined {
  switch (name) {
    case 'xds':
      // Since 1.40 the node is here and no longer at the top.
      return { node: context.vm.host.node };
    case 'plugin_name':
      return context.plugin?.name;
    case 'plugin_root_id':
      return context.plugin?.rootId ?? '';
    case 'plugin_vm_id':
      return context.vm.vmId;
    case 'request':
      return context.info === null
        ? undefined
        : requestAttributes(context.readableMap(HeaderMapType.HttpRequestHeaders));
    case 'response':
      return context.info === null
        ? undefined
        : responseAttributes(
            context.readableMap(HeaderMapType.HttpResponseHeaders),
            context.readableMap(HeaderMapType.HttpResponseTrailers),
          );
    case 'connection_id':
      return attributeChild(context.info?.attributes['connection'] ?? {}, 'id');
    case 'filter_state':
      return context.info === null ? undefined : Object.fromEntries(context.info.filterState);
    default:
      return undefined;
  }
}

function requestAttributes(headers: HeaderMap | null): Attributes {
  if (headers === null) return {};
  const path = headers.get(':path');
  const query = path?.indexOf('?') ?? -1;
  return {
    path,
    url_path: query < 0 ? path : path?.slice(0, query),
    query: query < 0 ? '' : path?.slice(query + 1),
    host: headers.get(':authority'),
    scheme: headers.get(':scheme'),
    method: headers.get(':method'),
    headers,
    referer: headers.get('referer'),
    useragent: headers.get('user-agent'),
    id: headers.get('x-request-id'),
    protocol: 'HTTP/1.1',
  };
}

function responseAttributes(headers: HeaderMap | null, trailers: HeaderMap | null): Attributes {
  return { headers: headers ?? undefined, trailers: trailers ?? undefined };
}
