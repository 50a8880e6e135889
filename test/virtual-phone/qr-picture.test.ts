import assert from 'node:assert/strict';
import { PNG } from 'pngjs';
import QRCode from 'qrcode';
import { readQrPicture } from '../../src/virtual-phone/qr-picture.ts';
import { reason, value } from './phone-kit.ts';

describe('A picture of a QR code', () => {
  it('gives the text back, ten pixels a module as the servers draw it, or four', async () => {
    const text =
      'otpauth://pipush/s%C3%B6hne?url=https%3A//pi.example.com/ttype/push&ttl=10&issuer=privacyIDEA&enrollment_credential=0011223344556677889900aabbccddeeff001122&v=1&serial=PIPU0001A2B3&sslverify=1&poll_only=False';
    for (const scale of [10, 4]) assert.equal(value(readQrPicture(await QRCode.toBuffer(text, { scale }))), text);
  });

  it('is refused when there is no code in it, or when it is no PNG', () => {
    const blank = new PNG({ width: 50, height: 50 });
    blank.data.fill(255);
    assert.match(reason(readQrPicture(PNG.sync.write(blank))), /no QR code was found/);
    assert.match(reason(readQrPicture(Buffer.from('GIF89a'))), /not a readable PNG/);
  });
});
