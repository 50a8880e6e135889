import assert from 'node:assert/strict';
import decodeQr from 'qr/decode.js';
import { printQr, qrLines } from '../../src/cli/output/index.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

const text =
  'otpauth://pipush/PIPU0001A2B3?url=https%3A//mfa.example.com/ttype/push&ttl=10&issuer=pushgate&enrollment_credential=0123456789abcdef0123456789abcdef01234567&v=1&serial=PIPU0001A2B3&sslverify=1';
const scale = 4;

/** What a camera sees of these lines: each character is two squares, one above the other, drawn in light on dark, or in dark on light. */
function seen(lines: readonly string[], drawnIn: 'light' | 'dark') {
  const drawn: Record<string, [boolean, boolean]> = { ' ': [false, false], '▀': [true, false], '▄': [false, true], '█': [true, true] };
  const rows = lines.flatMap((line) => {
    const cells = [...line].map((letter) => drawn[letter] ?? assert.fail(`it draws ${letter}`));
    return [cells.map(([above]) => above), cells.map(([, below]) => below)];
  });
  const [width, height] = [(rows[0]?.length ?? 0) * scale, rows.length * scale];
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isDrawn = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] ?? false;
      data.fill(isDrawn === (drawnIn === 'light') ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 4);
    }
  return { width, height, data };
}

describe('A QR code on a terminal', () => {
  it('is what a camera reads', () => {
    assert.equal(decodeQr(seen(qrLines(text, { colours: false }), 'light'), { timeLimit: 5000 }), text);
  });

  it('is white on black whatever the colours of the terminal are', () => {
    const [plain, coloured] = [qrLines(text, { colours: false }), qrLines(text, { colours: true })];
    assert.deepEqual(
      coloured,
      plain.map((line) => `\u001b[97;40m${line}\u001b[0m`),
    );
  });

  /** What is printed on such a screen. */
  const printed = (screen: Terminal['screen']): { out: string[]; err: string[] } => {
    const [out, err]: [string[], string[]] = [[], []];
    printQr(
      {
        out: (line) => void out.push(line),
        err: (line) => void err.push(line),
        screen,
        environment: {},
        stopRequested: async () => undefined,
        onReloadRequested: () => () => undefined,
      },
      text,
    );
    return { out, err };
  };

  it('is drawn where it has room, and nowhere else', () => {
    const width = [...(qrLines(text, { colours: false })[0] ?? '')].length;
    assert.equal(printed({ colours: false, columns: width }).out.length, Math.ceil(width / 2));
    assert.equal(printed({ colours: false }).out.length, Math.ceil(width / 2));
    assert.deepEqual(printed(undefined), { out: [], err: [] });
    assert.deepEqual(printed({ colours: false, columns: width - 1 }), {
      out: [],
      err: [`The QR code needs a terminal that is ${width} columns wide. With --qr FILE it is written as a picture.`],
    });
  });
});
