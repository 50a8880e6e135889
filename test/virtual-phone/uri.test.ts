import assert from 'node:assert/strict';
import { readOffer } from '../../src/virtual-phone/uri.ts';
import { normalUrl } from '../../src/virtual-phone/web-address.ts';
import { reason, value } from './phone-kit.ts';

const offer = (changes: Record<string, string | undefined> = {}, start = 'otpauth://pipush/alice'): string => {
  const all = { url: 'https%3A//pi.example.com/ttype/push', v: '1', serial: 'PIPU1', ...changes };
  return `${start}?${Object.entries(all)
    .flatMap(([key, text]) => (text === undefined ? [] : [`${key}=${text}`]))
    .join('&')}`;
};

describe('Reading a QR code', () => {
  it('reads the given fields, and uses the defaults for the rest', () => {
    const full = offer({
      ttl: '7',
      issuer: 'My%20Co%3A',
      sslverify: '0',
      poll_only: 'True',
      pin: 'True',
      app_force_unlock: 'pin',
      image: 'https%3A//x/a.png',
      enrollment_credential: 'abc',
    });
    assert.deepEqual(value(readOffer(full)), {
      serial: 'PIPU1',
      label: 'alice',
      issuer: 'My Co:',
      url: 'https://pi.example.com/ttype/push',
      ttlMinutes: 7,
      sslVerify: false,
      pollOnly: true,
      pin: true,
      forceUnlock: 'pin',
      image: 'https://x/a.png',
      credential: 'abc',
    });
    const { ttlMinutes, sslVerify, pollOnly, pin, credential, forceUnlock } = value(readOffer(offer()));
    assert.deepEqual(
      { ttlMinutes, sslVerify, pollOnly, pin, credential, forceUnlock },
      { ttlMinutes: 3, sslVerify: true, pollOnly: false, pin: false, credential: undefined, forceUnlock: undefined },
    );
  });

  it('accepts both schemes, and the host in any case', () => {
    for (const start of ['pia://pipush/a', 'otpauth://PiPush/a', 'PIA://PIPUSH/a']) assert.ok(readOffer(offer({}, start)).ok, start);
  });

  it('splits a name with a colon into issuer and label, after decoding it', () => {
    for (const start of ['otpauth://pipush/My%20Co%3Aali%C3%BCce%3A1', 'otpauth://pipush/My%20Co:ali%C3%BCce:1']) {
      const { issuer, label } = value(readOffer(offer({ issuer: 'other' }, start)));
      assert.deepEqual({ issuer, label }, { issuer: 'My Co', label: 'aliüce:1' });
    }
  });

  it('reads a plus in a value as a space and an escaped one as a plus', () => {
    assert.equal(value(readOffer(offer({ issuer: 'My+Co%2B' }))).issuer, 'My Co+');
  });

  it('puts https before a URL without a scheme', () => {
    assert.equal(value(readOffer(offer({ url: 'pi.example.com/ttype/push' }))).url, 'https://pi.example.com/ttype/push');
  });

  const readsSsl = { 1: true, 0: false, true: true, false: false, True: true, False: false };
  it('reads sslverify as 1, 0, true or false', () => {
    for (const [text, expected] of Object.entries(readsSsl))
      assert.equal(value(readOffer(offer({ sslverify: text }))).sslVerify, expected, text);
  });

  const refusals: [string, string, RegExp][] = [
    ['no URI at all', 'hello', /not an otpauth/],
    ['a web address', offer({}, 'https://pipush/alice'), /not an otpauth/],
    ['the scheme of another app', offer({}, 'edumfa-push://edumfa/alice'), /not an otpauth/],
    ['an OTP token', offer({}, 'otpauth://totp/alice'), /for "totp"/],
    ['no serial', offer({ serial: undefined }), /serial is missing/],
    ['an empty serial', offer({ serial: '' }), /serial is empty/],
    ['no URL', offer({ url: undefined }), /url is missing/],
    ['an empty URL', offer({ url: '' }), /url .*not an http/],
    ['a URL of another kind', offer({ url: 'ftp%3A//pi.example.com' }), /url .*not an http/],
    ['a URL without a host', offer({ url: 'https%3A///ttype' }), /url .*not an http/],
    ['a port after a host without a scheme', offer({ url: 'pi.example.com%3A8443/x' }), /url .*not an http/],
    ['no version', offer({ v: undefined }), /v must be 1/],
    ['another version', offer({ v: '2' }), /v must be 1/],
    ['ttl 0', offer({ ttl: '0' }), /ttl must be/],
    ['a negative ttl', offer({ ttl: '-1' }), /ttl must be/],
    ['a fraction of a minute', offer({ ttl: '1.5' }), /ttl must be/],
    ['an empty ttl', offer({ ttl: '' }), /ttl must be/],
    ['another sslverify', offer({ sslverify: 'yes' }), /sslverify must be/],
    ['poll_only as a number', offer({ poll_only: '1' }), /poll_only must be/],
    ['another pin', offer({ pin: 'maybe' }), /pin must be/],
    ['an unknown way to unlock', offer({ app_force_unlock: 'face' }), /app_force_unlock must be/],
    ['a broken escape in a value', offer({ image: '%zz' }), /broken percent escape/],
    ['a broken escape in the name', offer({}, 'otpauth://pipush/%C3'), /broken percent escape/],
  ];
  for (const [title, text, expected] of refusals) it(`refuses ${title}`, () => assert.match(reason(readOffer(text)), expected));

  it('reports all errors at once', () => {
    assert.match(reason(readOffer(offer({ v: '3', ttl: 'x' }))), /v must be 1; ttl must be/);
  });
});

describe('The normal form of a URL', () => {
  for (const url of [
    'https://pi.example.com/ttype/push',
    'http://127.0.0.1:8080/',
    'https://pi.example.com',
    'https://[::1]:8443/a%20b?c=%C3%BC&d~e',
    'https://h/a%2Fb',
  ]) {
    it(`is ${url} itself`, () => assert.equal(value(normalUrl(url)), url));
  }
  const changes: [string, string][] = [
    ['HTTPS://PI.Example.com/Ttype', 'https://pi.example.com/Ttype'],
    ['https://pi.example.com:443/x', 'https://pi.example.com/x'],
    ['http://pi.example.com:80/x', 'http://pi.example.com/x'],
    ['https://pi.example.com/%7ex', 'https://pi.example.com/~x'],
    ['https://pi.example.com/%c3%bc', 'https://pi.example.com/%C3%BC'],
    ['https://pi.example.com/ü b', 'https://pi.example.com/%C3%BC%20b'],
    ['https://pi.example.com/a|b^c', 'https://pi.example.com/a%7Cb%5Ec'],
    ['https://pi.example.com/a/../b', 'https://pi.example.com/b'],
    ['https://pi.example.com/100%', 'https://pi.example.com/100%25'],
  ];
  for (const [url, normal] of changes) it(`makes ${normal} of ${url}`, () => assert.equal(value(normalUrl(url)), normal));
});
