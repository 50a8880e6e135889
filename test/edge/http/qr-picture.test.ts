import assert from 'node:assert/strict';
import { PNG } from 'pngjs';
import { qrDrawing, qrPicture, qrPictureUrl, qrSvg } from '../../../src/edge/http/index.ts';
import { readQrPicture } from '../../../src/virtual-phone/index.ts';

describe('The picture of a QR code', () => {
  for (const [title, text] of [
    ['a short text', 'otpauth://pipush/X'],
    ['a rollout link', `otpauth://pipush/PIPU0001?url=https%3A//pi.example.com/ttype/push&ttl=10&${'x'.repeat(300)}`],
    ['letters of the world', 'lseqr://push/Größe/日本'],
    ['the longest text', 'y'.repeat(2331)],
  ] as const) {
    it(`is readable by a phone: ${title}`, () => {
      for (const scale of [4, 10]) assert.deepEqual(readQrPicture(qrPicture(text, { scale })), { ok: true, value: text });
    });
  }

  it('is black on white, with a blank border', () => {
    const { width, height, data } = PNG.sync.read(qrPicture('otpauth://pipush/X', { scale: 10 }));
    assert.equal(width, height);
    const pixel = (x: number, y: number): number[] => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
    assert.deepEqual(pixel(0, 0), [255, 255, 255, 255]);
    assert.deepEqual(pixel(width - 1, height - 1), [255, 255, 255, 255]);
    assert.deepEqual(pixel(40, 40), [0, 0, 0, 255]);
  });

  it('is a data URL for pages', () => {
    const url = qrPictureUrl('otpauth://pipush/X', { scale: 4 });
    assert.ok(url.startsWith('data:image/png;base64,iVBORw0KGgo'));
    assert.equal(url.length, 'data:image/png;base64,'.length + qrPicture('otpauth://pipush/X', { scale: 4 }).toString('base64').length);
  });

  it('is the same as an SVG on white ground, and drawn with characters', () => {
    const squares = PNG.sync.read(qrPicture('otpauth://pipush/X', { scale: 1 })).width;
    assert.match(qrSvg('otpauth://pipush/X'), new RegExp(`^<svg viewBox="0 0 ${squares} ${squares}" [^>]+><rect [^>]+fill="#fff"/><path `));
    const lines = qrDrawing('otpauth://pipush/X').trimEnd().split('\n');
    assert.deepEqual([lines.length, new Set(lines.map(({ length }) => length))], [Math.ceil(squares / 2), new Set([squares])]);
  });

  it('is refused for a text that is too long', () => {
    assert.throws(() => qrPicture('y'.repeat(2332), { scale: 4 }));
  });
});
