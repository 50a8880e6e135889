import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { readQrPicture } from '../../src/virtual-phone/qr-picture.ts';
import { reason, value } from './phone-kit.ts';

describe('A picture of a QR code', () => {
  // Drawn by the npm package qrcode 1.5.4, which shares no code with the one that reads here.
  for (const scale of [10, 4]) {
    it(`of another encoder gives the text back, ${scale} pixels a module`, () => {
      const picture = readFileSync(`test/virtual-phone/qr-pictures/scale-${scale}.png`);
      const text =
        'otpauth://pipush/s%C3%B6hne?url=https%3A//pi.example.com/ttype/push&ttl=10&issuer=privacyIDEA&enrollment_credential=0011223344556677889900aabbccddeeff001122&v=1&serial=PIPU0001A2B3&sslverify=1&poll_only=False';
      assert.equal(value(readQrPicture(picture)), text);
    });
  }

  it('is refused when it holds no code or is not a PNG', () => {
    const blank = new PNG({ width: 50, height: 50 });
    blank.data.fill(255);
    assert.match(reason(readQrPicture(PNG.sync.write(blank))), /no QR code was found/);
    assert.match(reason(readQrPicture(Buffer.from('GIF89a'))), /not a readable PNG/);
  });
});
