import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { readAddress } from '../../src/delivery/provider-kit/index.ts';
import type { DeviceAddress } from '../../src/foundation/model/index.ts';

const hex = 'ab'.repeat(32);
const keys = { p256dh: createECDH('prime256v1').generateKeys('base64url'), auth: 'A'.repeat(22) };
const subscription = JSON.stringify({ endpoint: 'https://push.example/x', expirationTime: null, keys });

describe('A device address that is added by hand', () => {
  const taken: [kind: DeviceAddress['kind'], text: string, value: string][] = [
    ['apns', hex, hex],
    ['apns', `<${hex.replace(/.{8}/g, '$& ').trim().toUpperCase()}>`, hex],
    ['apns', `${hex}\n`, hex],
    ['fcm', ' eXampl3:APA91b-_x\n', 'eXampl3:APA91b-_x'],
    ['webpush', `${subscription}\n`, subscription],
    ['webpush', 'https://up.example/UP?token=x', 'https://up.example/UP?token=x'],
    ['gda', 'DEADBEEF', 'DEADBEEF'],
    ['gda', ' grün ', ' grün '],
  ];
  for (const [kind, text, value] of taken) {
    it(`is taken: ${kind} ${JSON.stringify(text).slice(0, 60)}`, () => assert.deepEqual(readAddress(kind, text), { ok: true, value }));
  }

  const refused: [kind: DeviceAddress['kind'], text: string][] = [
    ['apns', ''],
    ['apns', 'abc'],
    ['apns', `{length = 32, bytes = 0xabababab ... abababab }`],
    ['apns', 'eXampl3:APA91b'],
    ['apns', '<abababab abababab>'],
    ['apns', '<abababab …>'],
    ['apns', 'ab'.repeat(201)],
    ['fcm', 'two words'],
    ['fcm', ' '],
    ['fcm', 'x'.repeat(4097)],
    ['webpush', '{"endpoint":"https://push.example/x","keys":{"p256dh":"AA","auth":"AA"}}'],
    ['webpush', 'http://push.example/x'],
    ['webpush', '{'],
    ['gda', 'a\u0000b'],
    ['gda', '  '],
  ];
  for (const [kind, text] of refused) {
    it(`is refused in a sentence: ${kind} ${JSON.stringify(text).slice(0, 60)}`, () => {
      const read = readAddress(kind, text);
      assert.ok(!read.ok);
      assert.match(read.error, /^An? .*\.$/);
      if (text.trim().length > 2) assert.ok(!read.error.includes(text));
    });
  }
});
