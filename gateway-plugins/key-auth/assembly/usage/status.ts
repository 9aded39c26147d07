import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { proxy_get_header_map_value } from '../../../sdk/assembly/abi';
import { HeaderMapType, Status } from '../../../sdk/assembly/types';

const STATUS = ascii(':status');
const result: usize = memory.data(16, 8);

/** Status of the response of the active stream; 0 when none has begun. */
export function responseStatus(): u32 {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_header_map_value(
    HeaderMapType.HttpResponseHeaders,
    STATUS,
    asciiLength(STATUS),
    result,
    result + 8,
  );
  if (status != Status.Ok) return 0;
  const text = load<usize>(result);
  const length = load<usize>(result + 8);
  let value: u32 = 0;
  for (let i: usize = 0; i < length; i++) value = value * 10 + (<u32>load<u8>(text + i) - 0x30);
  return value;
}
