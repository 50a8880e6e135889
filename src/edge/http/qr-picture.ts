import { crc32, deflateSync } from 'node:zlib';
import { onFirstUse } from '../../foundation/lazy/index.ts';

/** The size of a QR code: pixels per module. A border of four modules surrounds it, as ISO/IEC 18004 requires. */
export type QrLook = { scale: number };

/** The library, loaded with the first enrolment. */
const qr = onFirstUse<typeof import('qr')>('qr');

const border = 4;
const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/**
 * A PNG of a QR code with medium error correction, one bit per pixel: general encoders take twenty times as long for
 * two colours and would hold up logins. Throws when the text does not fit (over 2,331 bytes).
 * @see https://www.w3.org/TR/png-3/ 5.3, 11.2
 */
export function qrPicture(text: string, { scale }: QrLook): Buffer {
  // Scaled here: the encoder itself draws at most 1,024 pixels.
  const squares = qr().default(text, 'raw', { ecc: 'medium', border });
  const width = squares.length * scale;
  const rows = squares.flatMap((row) => Array<Buffer>(scale).fill(scanLine(row, scale)));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  // One bit of grey; default compression, filter and interlace methods.
  header[8] = 1;
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

/** One row of pixels: the filter type (0, none), then the bits. A set bit is white. */
function scanLine(squares: readonly boolean[], scale: number): Buffer {
  const line = Buffer.alloc(1 + Math.ceil((squares.length * scale) / 8));
  for (let x = 0; x < squares.length * scale; x += 1) {
    const at = 1 + (x >> 3);
    if (!squares[Math.floor(x / scale)]) line[at] = (line[at] ?? 0) | (0x80 >> (x & 7));
  }
  return line;
}

/** The same as a `data:` URL. */
export const qrPictureUrl = (text: string, look: QrLook): string => `data:image/png;base64,${qrPicture(text, look).toString('base64')}`;

/** The same as an SVG document, on a white ground so that it is readable on dark pages. */
export const qrSvg = (text: string): string =>
  qr().default(text, 'svg', { ecc: 'medium', border }).replace('<path', '<rect width="100%" height="100%" fill="#fff"/><path');

/** The same drawn with half blocks, for terminals: light squares are drawn, which phones read on dark ground. */
export const qrDrawing = (text: string): string => qr().default(text, 'ascii', { ecc: 'medium', border });

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, check]);
}
