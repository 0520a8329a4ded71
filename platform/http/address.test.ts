import assert from 'node:assert/strict';
import { isPublicAddress } from './address.ts';

describe('Addresses that may be reached', () => {
  it('are public ones', () => {
    for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::200e']) {
      assert.equal(isPublicAddress(address), true, address);
    }
  });

  it('are none of the special ranges, in no disguise', () => {
    const special = [
      '0.0.0.0',
      '0.1.2.3',
      '10.0.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '100.100.100.200',
      '168.63.129.16',
      '192.0.0.8',
      '192.0.2.1',
      '192.88.99.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.9',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b::808:808',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001::1',
      '2001:db8::1',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12::1',
      'fec0::1',
      'ff02::1',
      '100::1',
      '4000::1',
      'fd00:ec2::254',
      '',
      'localhost',
      '999.1.1.1',
      'example.com',
    ];
    for (const address of special) assert.equal(isPublicAddress(address), false, address);
  });
});
