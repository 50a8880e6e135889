import assert from 'node:assert/strict';
import { agreementKey, agreementSecret, keysOf } from '../../../src/edge/phones/linotp/curves.ts';
import { sealEax } from '../../../src/edge/phones/linotp/eax.ts';
import { nulText, uint32 } from '../../../src/edge/phones/linotp/encoding.ts';
import { openLinotp } from '../../../src/edge/phones/linotp/index.ts';
import {
  openPairingResponse,
  type PairingContent,
  type PairingResponse,
  readPairingResponse,
} from '../../../src/edge/phones/linotp/pairing-response.ts';
import { agreeX25519, rawBytesOf, rawPrivateKey, signEd25519 } from '../../../src/foundation/crypto/index.ts';
import type { Result } from '../../../src/foundation/model/index.ts';
import { givenChallenge, givenPushToken } from '../../kit/records.ts';
import { fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Outcome, type Parser, refused, taken } from '../engine/parser.ts';
import { hex, linotpVectors } from './seeds.ts';

const longest = 16_384;
const signatureBytes = 64;
const linotp = openLinotp({ scheme: 'lseqr' });
const protocolFiles = [
  'src/edge/phones/linotp/protocol.ts',
  'src/edge/phones/linotp/signature.ts',
  'src/edge/phones/linotp/challenge-url.ts',
];
const pairingFiles = ['src/edge/phones/linotp/pairing-response.ts', 'src/edge/phones/linotp/eax.ts', 'src/edge/phones/linotp/curves.ts'];

const sharedKeys = new Map(
  linotpVectors.partition_keys.map(({ partition, seed_hex, ed25519_public_hex }) => [
    partition,
    { partition, seed: hex(seed_hex), publicKey: hex(ed25519_public_hex), sign: async () => Buffer.alloc(signatureBytes) },
  ]),
);

/** Reads a pairing response as the engine does: by the key of the partition that it names. */
function readPairing(message: PairingResponse): Outcome {
  const shared = sharedKeys.get(linotp.partitionOf(message));
  if (!shared) return refused('no such partition');
  const read = linotp.readPairing(message, shared);
  return read.ok ? taken(read.value) : refused(read.error);
}

const contentOf = ({ serial, addresses, publicKey, part }: ReturnType<typeof pairingIn>): string =>
  JSON.stringify([serial, addresses, publicKey, part.tokenId, part.partition]);
type Pairing = { serial: string; addresses: unknown; publicKey: string; part: Record<string, string> };
const pairingIn = (value: unknown): Pairing => value as Pairing;

const vectorResponses = linotpVectors.pairing_responses.map(({ pairing_response }) => pairing_response);

/** Opens what any stranger can make: a text, rightly sealed for the gateway. */
function openSealing(): (text: Uint8Array, partition: number) => PairingResponse {
  const ephemeral = rawPrivateKey('x25519', Buffer.alloc(32, 7));
  const keys = new Map(
    [...sharedKeys].map(([partition, { seed }]) => {
      const publicKey = rawBytesOf(rawPrivateKey('x25519', agreementSecret(seed)));
      return [partition, keysOf(agreeX25519(ephemeral, publicKey) ?? Buffer.alloc(32))];
    }),
  );
  return (text, partition) => {
    const header = Buffer.concat([Buffer.of(1), uint32(partition)]);
    const sealed = sealEax({ ...(keys.get(partition) ?? keysOf(Buffer.alloc(32))), header }, text);
    return { partition, header, ephemeral: rawBytesOf(ephemeral), sealed };
  };
}

/** Points for which every signature fits, or a part of all; the last two are no canonical form of one. */
const smallOrder: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

const secretOf = (seed: Uint8Array) => rawPrivateKey('x25519', agreementSecret(seed));
const plaintexts = (): Buffer[] => linotpVectors.pairing_responses.map(({ intermediate }) => hex(intermediate.plaintext_hex));

/** The text that these contents stand in, without the signature. */
function writtenAs(content: PairingContent): Buffer {
  const texts = content.tokenType === 'push' ? [content.serial, content.login, content.gda] : [content.serial, content.login];
  const head = [Buffer.of(content.tokenType === 'push' ? 4 : 2), uint32(content.tokenId), content.publicKey];
  return Buffer.concat([...head, ...texts.map(nulText)]);
}

function told(read: Result<PairingContent, string>, text: Buffer): Outcome {
  if (!read.ok) return refused(read.error);
  assert.deepEqual(writtenAs(read.value), read.value.tokenType === 'push' ? text.subarray(0, -signatureBytes) : text);
  return taken(read.value, read.value.tokenType);
}

/** Messages of the phones of LinOTP. */
export const linotpPhone: readonly Parser[] = [
  {
    name: 'linotp-pairing',
    of: [...pairingFiles, 'src/edge/phones/linotp/encoding.ts', 'src/edge/phones/linotp/protocol.ts'],
    longest,
    seeds: () =>
      [...vectorResponses, ...linotpVectors.pairing_response_negative.map((each) => each.pairing_response)].map((text) =>
        Buffer.from(text),
      ),
    open: () => {
      const known = new Set<string>();
      const read = (text: string): Outcome => {
        const message = readPairingResponse(text);
        return message.ok ? readPairing(message.value) : refused(message.error);
      };
      for (const { pairing_response: text } of [...linotpVectors.pairing_responses, ...linotpVectors.pairing_response_negative]) {
        const { end, value } = read(text);
        if (end === 'taken') known.add(contentOf(pairingIn(value)));
      }
      assert.ok(known.size > 1, 'some vectors are taken');
      return (input) => {
        const outcome = read(input.toString());
        if (outcome.end === 'taken') assert.ok(known.has(contentOf(pairingIn(outcome.value))), 'no phone sealed and signed that');
        return outcome;
      };
    },
  },
  {
    // Sealed rightly, signed by nobody: the phone's signature must hold.
    name: 'linotp-pairing-content',
    of: pairingFiles,
    longest,
    seeds: plaintexts,
    open: () => {
      const seal = openSealing();
      const secret = secretOf(sharedKeys.get(0)?.seed ?? Buffer.alloc(32));
      const signedTexts = new Set(plaintexts().map((text) => text.toString('hex')));
      return (input) => {
        const read = openPairingResponse(seal(input, 0), secret);
        if (read.ok && read.value.tokenType === 'push') assert.ok(signedTexts.has(input.toString('hex')), 'no phone signed that');
        return told(read, input);
      };
    },
  },
  {
    // Sealed and signed rightly by a phone of the stranger's own: the layout must hold.
    name: 'linotp-pairing-layout',
    of: pairingFiles,
    longest,
    seeds: () => plaintexts().map((text) => (text[0] === 4 ? text.subarray(0, -signatureBytes) : text)),
    open: () => {
      const seal = openSealing();
      const secret = secretOf(sharedKeys.get(3)?.seed ?? Buffer.alloc(32));
      const phone = rawPrivateKey('ed25519', hex(linotpVectors.phone_keys[0]?.seed_hex ?? ''));
      return (input) => {
        const text = input[0] === 4 ? Buffer.concat([input, signEd25519(phone, input)]) : input;
        return told(openPairingResponse(seal(text, 3), secret), text);
      };
    },
  },
  {
    name: 'linotp-agreement-key',
    of: ['src/edge/phones/linotp/curves.ts', 'src/foundation/crypto/curve25519.ts'],
    longest: 64,
    seeds: () => [...linotpVectors.phone_keys.map((key) => hex(key.ed25519_public_hex)), ...smallOrder.map(hex)],
    open: () => (input) => {
      const key = agreementKey(input);
      if (!key) return refused(String(input.length === 32));
      assert.ok(input.length === 32 && !smallOrder.includes(input.toString('hex')), 'anybody can sign for that key');
      assert.ok(agreeX25519(rawPrivateKey('x25519', Buffer.alloc(32, 7)), key), 'nothing can be agreed upon with it');
      return taken(key);
    },
  },
  {
    name: 'linotp-answer',
    of: protocolFiles,
    longest,
    seeds: () =>
      linotpVectors.challenge_urls.flatMap(({ input: { transaction_id: id }, accept, deny }) => [
        inputOf(id, 'ACCEPT', accept.signature_b64url),
        inputOf(id, 'DENY', deny.signature_b64url),
        inputOf(id.replace(/\.\d{2}$/, ''), 'DENY', deny.signature_b64url),
      ]),
    open: () => {
      const asked = linotpVectors.challenge_urls.map(({ input, challenge_url: payload, decryption, accept, deny }) => {
        const { ed25519_public_hex: key = '' } = linotpVectors.phone_keys.find(({ name }) => name === input.phone) ?? {};
        const phonePublicKey = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), hex(key)]).toString('base64');
        const clearText = hex(decryption.plaintext_hex).toString('base64');
        return {
          challenge: givenChallenge({ phone: 'linotp', handle: input.transaction_id, payload, clearText }),
          token: givenPushToken({ phone: { protocol: 'linotp', flavour: 'linotp', part: {} }, phonePublicKey }),
          signed: { ACCEPT: hex(accept.signature_hex), DENY: hex(deny.signature_hex) },
        };
      });
      return (input) => {
        const [transactionId = '', wanted = '', signature = ''] = fieldsOf(input, 3);
        const word = wanted === 'DENY' ? 'DENY' : 'ACCEPT';
        const named = asked.filter(({ challenge }) => challenge.handle.startsWith(transactionId.slice(0, 6)));
        const reads = named.map(({ challenge, token, signed }) => {
          const meaning = linotp.readAnswer({ transactionId, word, signature }, challenge, token);
          if (meaning)
            assert.deepEqual(Buffer.from(signature.replace(/[^A-Za-z0-9+/_-]/g, ''), 'base64url'), signed[word], 'nobody signed that');
          return meaning;
        });
        const [read] = reads.filter((each) => each !== undefined);
        return read ? taken(read, read.verdict) : refused();
      };
    },
  },
];
