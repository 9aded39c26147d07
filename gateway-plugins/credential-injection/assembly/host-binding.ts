import { bytesEqual } from '../../policy/assembly/bytes';
import { sectionStart } from '../../policy/assembly/image-frame';
import * as L from '../../../packages/policy-image/src/layout';
import { stringAt, stringLength } from './image';

const COLON: u32 = 0x3a;

/** Whether a credential may be sent to `host:port`: its list names exactly that, or the host alone. */
export function mayGoTo(image: usize, credential: usize, host: usize, length: usize): bool {
  let nameLength = length;
  while (nameLength > 0 && load<u8>(host + nameLength - 1) != COLON) nameLength--;
  if (nameLength < 2) return false;
  nameLength--;
  const first = load<u32>(credential + L.CREDENTIAL_HOSTS_START);
  const hosts = sectionStart(image, L.INJECTION_HOSTS) + first * L.HOST_BYTES;
  const count = load<u32>(credential + L.CREDENTIAL_HOSTS_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const field = hosts + i * L.HOST_BYTES;
    const listed = stringLength(field);
    if (listed != length && listed != nameLength) continue;
    if (bytesEqual(stringAt(image, field), host, listed)) return true;
  }
  return false;
}
