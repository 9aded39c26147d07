import { parseUpstreamUrl } from '@hiclaw/resources';
import { describe, expect, it } from 'vitest';
import { forbiddenAddress } from './addresses.js';

function judge(host: string): string | null {
  const parsed = parseUpstreamUrl(`http://${host}/`);
  if (parsed.value === undefined) throw new Error(parsed.problem);
  const name = parsed.value.host;
  const kind = name.startsWith('[') ? 'ipv6' : /^[\d.]+$/.test(name) ? 'ipv4' : 'name';
  return forbiddenAddress(name, kind);
}

describe('forbiddenAddress', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[fe80::1]',
    '[febf::1]',
    '[ff02::1]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::1]',
    'metadata.google.internal',
    'METADATA.google.internal',
  ])('refuses %s', (host) => {
    expect(judge(host)).not.toBeNull();
  });

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '8.8.8.8',
    '168.254.169.254',
    '100.100.100.201',
    '[::1]',
    '[fd00::1]',
    '[2001:db8::1]',
    '[::ffff:10.0.0.1]',
    'api.openai.com',
    'localhost',
    'metadata.example.com',
  ])('admits %s', (host) => {
    expect(judge(host)).toBeNull();
  });
});
