/** Why no upstream may be at this address, or null. */
export function forbiddenAddress(host: string, hostKind: 'name' | 'ipv4' | 'ipv6'): string | null {
  switch (hostKind) {
    case 'name':
      return METADATA_NAMES.has(host) ? METADATA : null;
    case 'ipv4':
      return forbiddenIpv4(host.split('.').map(Number));
    case 'ipv6':
      return forbiddenIpv6(ipv6Groups(host.slice(1, -1)));
  }
}

const METADATA = 'the metadata service of a cloud machine, which gives out credentials';
const LINK_LOCAL = 'link-local, where cloud machines have their metadata service';
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
]);

function forbiddenIpv4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string | null {
  if (a === 169 && b === 254) return LINK_LOCAL;
  // Alibaba Cloud and Oracle Cloud keep theirs elsewhere.
  if (a === 100 && b === 100 && c === 100 && d === 200) return METADATA;
  if (a === 192 && b === 0 && c === 0 && d === 192) return METADATA;
  if (a === 0) return '"this machine" as a source address, not a destination';
  if (a >= 224) return 'multicast or reserved, not one machine';
  return null;
}

/** Prefixes of addresses that stand for an IPv4 address in their last two groups. */
const EMBEDDED_IPV4: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0xffff, 0],
  [0, 0, 0, 0, 0, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
];
const METADATA_IPV6: readonly (readonly number[])[] = [
  [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
  [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254],
];

function forbiddenIpv6(groups: readonly number[]): string | null {
  const [first = 0, second = 0, third = 0] = groups;
  if (METADATA_IPV6.some((address) => startsWith(groups, address))) return METADATA;
  if ((first & 0xffc0) === 0xfe80) return LINK_LOCAL;
  if ((first & 0xff00) === 0xff00) return 'multicast, not one machine';
  const high = groups[6] ?? 0;
  const low = groups[7] ?? 0;
  if (startsWith(groups, [0, 0, 0, 0, 0, 0, 0])) {
    return low === 1 ? null : '"this machine" as a source address, not a destination';
  }
  if (EMBEDDED_IPV4.some((prefix) => startsWith(groups, prefix))) return embedded(high, low);
  // 6to4 has the IPv4 address behind its first group.
  return first === 0x2002 ? embedded(second, third) : null;
}

function embedded(high: number, low: number): string | null {
  return forbiddenIpv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}

function startsWith(groups: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((group, index) => groups[index] === group);
}

/** The eight groups of an address in the shortened form that URLs have. */
function ipv6Groups(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16));
}
