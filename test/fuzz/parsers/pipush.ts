import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { openPipush } from '../../../src/edge/phones/pipush/index.ts';
import { addressString, answerString, pollString, readPhoneKey } from '../../../src/edge/phones/pipush/signature.ts';
import { encodeBase32 } from '../../../src/foundation/crypto/index.ts';
import type { ChallengeMode } from '../../../src/foundation/model/index.ts';
import { givenChallenge, givenPushToken } from '../../kit/records.ts';
import { fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Parser, refused, taken } from '../engine/parser.ts';
import { pairOf, piVectors, signSha256 } from './seeds.ts';

const of = ['src/edge/phones/pipush/protocol.ts', 'src/edge/phones/pipush/signature.ts'];
const longest = 16_384;
const serial = 'PIPU0001A2B3';
const nonce = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const right = 'B';
const pems = { rsa: piVectors.privacyidea.keys.phone_private_pkcs8_pem, ec: piVectors.edumfa.ec_phone_key.private_pkcs8_pem };
const signed = (key: KeyObject, text: string): string => encodeBase32(signSha256(key, text));

type Answer = { decline?: boolean; reason?: string; option?: string };
/** What a phone may say; `meaning` is what comes of it. */
const answers: readonly (Answer & { meaning: string })[] = [
  { meaning: 'accepted' },
  { option: right, meaning: 'accepted' },
  { option: 'C', meaning: 'accepted by another option' },
  { decline: true, meaning: 'declined' },
  { decline: true, reason: 'not-me', meaning: 'declined' },
  { decline: true, reason: 'cancelled', meaning: 'declined' },
];

const given = (kind: keyof typeof pems, flavour: string) => {
  const { privateKey, spki } = pairOf(pems[kind]);
  return { privateKey, token: givenPushToken({ serial, phone: { protocol: 'pipush', flavour, part: {} }, phonePublicKey: spki }) };
};

/** Answers to one challenge. What comes of a changed one is what its phone has signed, or nothing. */
function answerRow(name: string, kind: keyof typeof pems, { flavour, mode }: { flavour: string; mode: ChallengeMode }): Parser {
  const { privateKey, token } = given(kind, flavour);
  // Outside presence mode no option is signed; eduMFA's phones sign no reason.
  const said = answers.filter(
    ({ option, reason }) => (option !== undefined) === (mode === 'presence') && (flavour === 'privacyidea' || !reason),
  );
  const all = mode === 'presence' ? [...said, ...answers.filter(({ decline }) => decline)] : said;
  return {
    name,
    of,
    longest,
    seeds: () => [
      ...all.map(({ decline = false, reason = '', option = '' }) => {
        const text = answerString({ nonce, serial, decline, reason, option: option === '' ? undefined : option });
        return inputOf(nonce, decline ? '1' : '', reason, option, signed(privateKey, text));
      }),
      // What the same phone signs for other purposes.
      ...[pollString(serial, '2026-03-01T10:00:00Z'), addressString('F', serial, '2026-03-01T10:00:00Z'), `OTHER|${serial}`].map((text) =>
        inputOf(nonce, '', '', '', signed(privateKey, text)),
      ),
    ],
    open: () => {
      const pipush = openPipush();
      const challenge = givenChallenge({ serial, handle: nonce, mode });
      const meanings = new Set(all.map(({ meaning }) => meaning));
      return (input) => {
        const [sent = '', decline = '', reason = '', option = '', signature = ''] = fieldsOf(input, 5);
        const answer = { nonce: sent, decline: decline === '1', reason, option: option === '' ? undefined : option, signature };
        const read = pipush.readAnswer(answer, challenge, token);
        if (!read) return refused();
        const isRight = mode !== 'presence' || read.option === right;
        const meaning = read.verdict === 'declined' ? 'declined' : isRight ? 'accepted' : 'accepted by another option';
        assert.ok(meanings.has(meaning), meaning);
        const isSaid = all.some((each) => each.meaning === meaning && signedAs(privateKey, each, signature));
        assert.ok(isSaid || meaning === 'accepted by another option', `nobody signed that it is ${meaning}`);
        return taken(read, meaning);
      };
    },
  };
}

const memory = new Map<string, Set<string>>();

/** Whether a signature that was taken is over the text of this answer: RSA signs a text always in the same way, EC anew each time. */
function signedAs(key: KeyObject, { decline = false, reason, option }: Answer, signature: string): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true;
  const text = answerString({ nonce, serial, decline, reason, option });
  const known = memory.get(text) ?? new Set([signed(key, text)]);
  memory.set(text, known);
  return [...known].some((each) => each.slice(0, -8) === signature.slice(0, -8));
}

const moments = ['2026-03-01T10:00:00Z', '2026-03-01T10:00:30+00:00', '20260301T100001Z'];

/** Messages of the phones of privacyIDEA and eduMFA. */
export const pipush: readonly Parser[] = [
  answerRow('pipush-answer', 'rsa', { flavour: 'privacyidea', mode: 'confirm' }),
  answerRow('pipush-presence-answer', 'rsa', { flavour: 'privacyidea', mode: 'presence' }),
  answerRow('edumfa-answer', 'ec', { flavour: 'edupush', mode: 'confirm' }),
  {
    name: 'pipush-poll',
    of,
    longest,
    seeds: () => {
      const { privateKey } = given('rsa', 'privacyidea');
      return [
        ...moments.map((moment) => inputOf(moment, signed(privateKey, pollString(serial, moment)), '["decline_reason"]')),
        inputOf(moments[0] ?? '', signed(privateKey, `${nonce}|${serial}`)),
      ];
    },
    open: () => {
      const { token } = given('rsa', 'privacyidea');
      const { readPoll } = openPipush();
      return (input) => {
        const [timestamp = '', signature = '', capabilities] = fieldsOf(input, 3);
        const announced = readPoll({ timestamp, signature, capabilities }, token);
        if (!announced) return refused();
        assert.ok(moments.includes(timestamp), 'nobody signed that moment');
        const again = readPoll({ timestamp, signature, capabilities: JSON.stringify(announced.capabilities) }, token);
        assert.deepEqual(again, announced, 'what was kept is read in another way');
        return taken(timestamp, `${announced.capabilities?.length} capabilities`);
      };
    },
  },
  {
    name: 'pipush-address',
    of,
    longest,
    seeds: () => {
      const { privateKey } = given('rsa', 'privacyidea');
      return ['F:token', 'no_firebase_token', `a|${serial}|b`].flatMap((address) =>
        moments.map((moment) => inputOf(address, moment, signed(privateKey, addressString(address, serial, moment)))),
      );
    },
    open: () => {
      const { token } = given('rsa', 'privacyidea');
      const { readAddressUpdate } = openPipush();
      return (input) => {
        const [address = '', timestamp = '', signature = ''] = fieldsOf(input, 3);
        const read = readAddressUpdate({ address, timestamp, signature }, token);
        if (!read) return refused();
        assert.ok(['F:token', 'no_firebase_token', `a|${serial}|b`].includes(address) && moments.includes(timestamp), 'nobody signed that');
        assert.equal(read.value, address === 'no_firebase_token' ? null : address);
        return taken(read, read.value === null ? 'none' : 'address');
      };
    },
  },
  {
    name: 'pipush-rollout',
    of,
    longest: 65_536,
    seeds: () =>
      [
        ...piVectors.privacyidea.public_key_forms.cases.map(({ pubkey }) => pubkey),
        piVectors.edumfa.ec_phone_key.public_spki_base64,
      ].flatMap((pubkey) => [inputOf(pubkey, 'F:token', '["decline_reason"]'), inputOf(pubkey, 'no_firebase_token', '')]),
    open: () => {
      const { readRollout } = openPipush();
      return (input) => {
        const [pubkey = '', fbtoken = '', capabilities = ''] = fieldsOf(input, 3);
        const read = readRollout({ pubkey, fbtoken, capabilities: capabilities === '' ? undefined : capabilities });
        if (!read.ok) return refused(read.error);
        const { publicKey } = read.value;
        const again = readRollout({ pubkey: publicKey, fbtoken, capabilities: JSON.stringify(read.value.capabilities) });
        assert.deepEqual(again, read, 'what was kept is read in another way');
        return taken(read.value, `${readPhoneKey(publicKey)?.asymmetricKeyType}, ${read.value.addresses.length} addresses`);
      };
    },
  },
];
