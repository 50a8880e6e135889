import assert from 'node:assert/strict';
import { fromBase64, nulText, readTexts, toBase64Url } from '../../../src/edge/phones/linotp/encoding.ts';
import { transactionIdOf, transactionNumber } from '../../../src/edge/phones/linotp/transaction-number.ts';
import { checkTimestamp, parseTimestamp } from '../../../src/edge/phones/pipush/timestamp.ts';
import { decodeBase32, encodeBase32 } from '../../../src/foundation/crypto/index.ts';
import { fromBase32 } from '../../../src/virtual-phone/base32.ts';
import type { Parser } from '../engine/parser.ts';
import { refused, taken } from '../engine/parser.ts';
import { hex, linotpVectors, now, piVectors } from './seeds.ts';

const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text));

/** Encodings that messages are wrapped in. */
export const encodings: readonly Parser[] = [
  {
    name: 'base32',
    of: ['src/foundation/crypto/base32.ts'],
    longest: 8192,
    seeds: () => texts('', 'MY======', 'MZXW6===', ...piVectors.privacyidea.phone_signatures.map(({ signature }) => signature)),
    open: () => (input) => {
      const text = input.toString();
      const bytes = decodeBase32(text);
      const other = fromBase32(text);
      if (!bytes) {
        assert.equal(other, undefined, 'the virtual phone reads it');
        return refused();
      }
      const again = encodeBase32(bytes);
      assert.deepEqual(decodeBase32(again), bytes);
      // Bits that are left over may be set, as at the servers; a text without such bits has one form.
      if (other) assert.deepEqual([again, Buffer.from(other)], [text, bytes]);
      return taken(bytes, other ? 'canonical' : 'left-over bits');
    },
  },
  {
    name: 'linotp-base64',
    of: ['src/edge/phones/linotp/encoding.ts'],
    longest: 8192,
    seeds: () => {
      const { roundtrip, decoder_tolerance_of_real_server: tolerated } = linotpVectors.base64url;
      return texts(...roundtrip.map(({ b64url }) => b64url), ...tolerated.map(({ text }) => text));
    },
    open: () => (input) => {
      const bytes = fromBase64(input.toString());
      if (!bytes) return refused();
      assert.deepEqual(fromBase64(toBase64Url(bytes)), bytes);
      return taken(bytes, bytes.length === 0 ? 'empty' : 'taken');
    },
  },
  {
    name: 'linotp-texts',
    of: ['src/edge/phones/linotp/encoding.ts'],
    longest: 8192,
    seeds: () => linotpVectors.pairing_responses.map(({ intermediate }) => hex(intermediate.plaintext_hex).subarray(37)),
    open: () => (input) => {
      const counts = [1, 2, 3].map((count) => readTexts(input, count));
      const found = counts.filter((each) => each !== undefined);
      assert.ok(found.length <= 1, 'one message has several numbers of texts');
      const [read] = found;
      if (!read) return refused(input.at(-1) === 0 ? 'no such number' : 'no end');
      assert.deepEqual(Buffer.concat(read.map(nulText)), input);
      return taken(read, String(read.length));
    },
  },
  {
    name: 'transaction-number',
    of: ['src/edge/phones/linotp/transaction-number.ts'],
    longest: 256,
    seeds: () => texts(...linotpVectors.transaction_id_u64.map(({ transaction_id }) => transaction_id), '184467440737095516.15', '0'),
    open: () => (input) => {
      const read = transactionNumber(input.toString());
      if (!read.ok) return refused(read.error);
      assert.ok(read.value >= 0n && read.value < 2n ** 64n);
      assert.deepEqual(transactionNumber(transactionIdOf(read.value)), read);
      return taken(read.value);
    },
  },
  {
    name: 'timestamp',
    of: ['src/edge/phones/pipush/timestamp.ts'],
    longest: 8192,
    seeds: () =>
      texts(
        ...piVectors.privacyidea.timestamps.map(({ timestamp }) => timestamp),
        '20260301T100000,5+0100',
        '2026-W09-7',
        '2026W097 10',
        '2026-03-01',
      ),
    open: () => (input) => {
      const text = input.toString();
      const moment = parseTimestamp(text);
      const checked = checkTimestamp(text, now, 60_000);
      if (moment === undefined) return refused(checked.ok ? 'accepted all the same' : 'none');
      assert.ok(Number.isFinite(moment), String(moment));
      assert.equal(checked.ok, Math.abs(moment - now) <= 60_000);
      const iso = new Date(Math.floor(moment)).toISOString();
      // An offset leads beyond the years that have four digits.
      if (/^\d{4}-/.test(iso) && iso >= '0100') assert.equal(parseTimestamp(iso), Math.floor(moment), 'its own ISO form is another moment');
      return taken(moment, checked.ok ? 'in time' : 'out of time');
    },
  },
];
