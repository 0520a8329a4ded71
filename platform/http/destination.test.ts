import assert from 'node:assert/strict';
import { privateHosts } from '../../test/support/private-addresses.ts';
import { checkDestination, parseHostRule, parseHostsAndPorts, type HostRules } from './destination.ts';

const codeOf = (url: string, hosts: HostRules, allowPrivate: string[] = []): string => {
  const destination = checkDestination(url, hosts, parseHostsAndPorts(allowPrivate));
  return destination.allowed ? 'allowed' : destination.code;
};

describe('Destinations of outbound requests', () => {
  it('are hosts on the list of the caller, on the port of the scheme unless the list names one', () => {
    const hosts = ['api.example.com', 'alt.example.com:8443', '*.vendor.example', 'http://old.example.com'];
    for (const url of [
      'https://api.example.com/v1?x=1',
      'https://API.example.com./v1',
      'https://api.example.com:443/',
      'https://alt.example.com:8443/',
      'https://a.b.vendor.example/',
      'http://old.example.com/',
      'https://old.example.com/',
    ]) {
      assert.equal(codeOf(url, hosts), 'allowed', url);
    }
    for (const url of [
      'https://api.example.com:8443/',
      'https://alt.example.com/',
      'https://vendor.example/',
      'https://evilvendor.example/',
      'https://api.example.com.evil.example/',
      'https://evil.example/#api.example.com',
    ]) {
      assert.equal(codeOf(url, hosts), 'host_refused', url);
    }
  });

  it('are reached by https, unless a rule says http', () => {
    assert.equal(codeOf('http://api.example.com/', ['api.example.com']), 'scheme_refused');
    assert.equal(codeOf('http://api.example.com/', 'any'), 'scheme_refused');
    for (const url of [
      'ftp://api.example.com/',
      'file://api.example.com/etc/passwd',
      'gopher://api.example.com/',
    ]) {
      assert.equal(codeOf(url, ['api.example.com']), 'scheme_refused', url);
    }
  });

  it('are never written with credentials, and must be URLs', () => {
    assert.equal(codeOf('https://user:pass@api.example.com/', 'any'), 'url_invalid');
    assert.equal(codeOf('https://api.example.com@evil.example/', ['api.example.com']), 'url_invalid');
    for (const url of ['', 'api.example.com', 'https://', 'file:///etc/passwd', '//api.example.com']) {
      assert.equal(codeOf(url, 'any'), 'url_invalid', url);
    }
  });

  it('are no private addresses, however they are spelled, even on the list', () => {
    for (const host of [...privateHosts, 'localhost', 'LOCALHOST.', 'api.localhost']) {
      assert.equal(codeOf(`https://${host}/`, 'any'), 'address_refused', host);
      assert.equal(codeOf(`https://${host}/`, [host]), 'address_refused', host);
    }
  });

  it('may be private where the operator allows it and the caller lists it, at that port only', () => {
    const allowed = ['127.0.0.1:8080', '[::1]:8080'];
    assert.equal(codeOf('http://127.0.0.1:8080/', ['127.0.0.1:8080'], allowed), 'allowed');
    assert.equal(codeOf('http://[::1]:8080/', ['[::1]:8080'], allowed), 'allowed');
    assert.equal(codeOf('http://127.0.0.1:8080/', ['api.example.com'], allowed), 'host_refused');
    assert.equal(codeOf('https://127.0.0.1:8081/', ['127.0.0.1:8081'], allowed), 'address_refused');
  });

  it('are listed by rules that can be read', () => {
    for (const rule of [
      '',
      '*',
      '*.*.example.com',
      'https://x.example/path',
      'a b',
      'user@host',
      '::1',
      '*.',
    ]) {
      assert.equal(parseHostRule(rule), null, rule);
    }
    for (const entry of ['127.0.0.1', 'localhost', '*.example.com:80', 'host:port']) {
      assert.throws(() => parseHostsAndPorts([entry]), TypeError, entry);
    }
  });
});
