import { PNG } from 'pngjs';
import decodeQr from 'qr/decode.js';
import { done, no, type Outcome } from './outcome.ts';

// The decoder's default is the time of one camera frame; a picture in a file deserves more.
const effort = { format: 'RGBA', timeLimit: 2_000 } as const;

/** The text of the QR code in a PNG picture. Refuses other files and pictures without a code. */
export function readQrPicture(png: Uint8Array): Outcome<string> {
  const picture = readPng(png);
  if (!picture) return no('the picture is not a readable PNG');
  try {
    return done(decodeQr(picture, effort));
  } catch {
    return no('no QR code was found in the picture');
  }
}

function readPng(png: Uint8Array): PNG | undefined {
  try {
    return PNG.sync.read(Buffer.from(png));
  } catch {
    return undefined;
  }
}
