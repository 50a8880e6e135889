/**
 * LinOTP's push token: sealed challenges and verified answers per second, compared with the bare cryptography of each
 * (X25519, Ed25519, SHA-256 and AES by node:crypto, on the bytes of a real challenge), in one thread and the same run.
 * `npm run bench -- linotp --seconds 3`
 */
import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { parseArgs } from 'node:util';
import { signatureIn } from '../src/edge/phones/linotp/challenge-url.ts';
import { agreementKey } from '../src/edge/phones/linotp/curves.ts';
import { openLinotp } from '../src/edge/phones/linotp/index.ts';
import { answerText } from '../src/edge/phones/linotp/signature.ts';
import type { Prompt } from '../src/engine/index.ts';
import { rawBytesOf } from '../src/foundation/crypto/index.ts';
import { givenChallenge, givenPushToken } from '../test/kit/records.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
const limitMs = Number(values.seconds) * 1000;
const rounds = 4;

const linotp = openLinotp({ scheme: 'lseqr' });
const server = generateKeyPairSync('ed25519');
const phone = generateKeyPairSync('ed25519');
const phoneX = agreementKey(rawBytesOf(phone.publicKey)) ?? Buffer.alloc(32);
const token = givenPushToken({
  serial: 'KIPT0000A1B2',
  phonePublicKey: phone.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  phone: { protocol: 'linotp', flavour: 'linotp', part: { partition: '0', tokenId: '7', agreementKey: phoneX.toString('base64') } },
});
const url = 'https://push.example.test/validate/accept_transaction';
const question = 'Login to dc1.example.test';
const prompt: Prompt = {
  title: '',
  question,
  shape: 'question',
  isExact: false,
  url,
  sslVerify: true,
  tellsCapabilities: false,
  mode: 'confirm',
};
const tools = { randomBytes, now: Date.now(), sign: async (data: Uint8Array) => sign(null, data, server.privateKey) };

const sealed = await linotp.seal(token, prompt, tools);
const challenge = givenChallenge({ phone: 'linotp', serial: token.serial, ...sealed });
const clear = Buffer.from(sealed.clearText ?? '', 'base64');
const signed = answerText('ACCEPT', signatureIn(sealed.payload) ?? Buffer.alloc(64), clear);
const signature = sign(null, signed, phone.privateKey);
const answer = { transactionId: challenge.handle, word: 'ACCEPT', signature: signature.toString('base64url') } as const;
if (linotp.readAnswer(answer, challenge, token)?.verdict !== 'accepted') throw new Error('the answer is not taken');

const x25519 = { pkcs8: Buffer.from('302e020100300506032b656e04220420', 'hex'), spki: Buffer.from('302a300506032b656e032100', 'hex') };
const phoneXKey = createPublicKey({ key: Buffer.concat([x25519.spki, phoneX]), format: 'der', type: 'spki' });

/** The minimum for a seal: random ephemeral key, public part, key agreement, hash, cipher and signature. */
function rawSeal(): void {
  const privateKey = createPrivateKey({ key: Buffer.concat([x25519.pkcs8, randomBytes(32)]), format: 'der', type: 'pkcs8' });
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256')
    .update(diffieHellman({ privateKey, publicKey: phoneXKey }))
    .digest();
  createCipheriv('aes-128-ctr', digest.subarray(0, 16), digest.subarray(16)).update(clear);
  sign(null, signed, server.privateKey);
}

const measured: [name: string, ours: () => unknown, raw: () => unknown][] = [
  ['challenges sealed', () => linotp.seal(token, prompt, tools), rawSeal],
  ['answers verified', () => linotp.readAnswer(answer, challenge, token), () => verify(null, signed, phone.publicKey, signature)],
];
let isGood = true;
for (const [name, ours, raw] of measured) {
  const [best, bare] = await bestOf(ours, raw);
  isGood &&= best >= bare / 2;
  process.stdout.write(`${name.padEnd(18)} ${rate(best)}/s   bare cryptography ${rate(bare)}/s   ${((100 * best) / bare).toFixed(0)} %\n`);
}
process.stdout.write(isGood ? 'At least half of the bare rate.\n' : 'LESS than half of the bare rate.\n');
process.exitCode = isGood ? 0 : 1;

/** Both take turns, so that other load affects both; the best turn of each counts. */
async function bestOf(ours: () => unknown, raw: () => unknown): Promise<[number, number]> {
  const best: [number, number] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    best[0] = Math.max(best[0], await perSecond(ours));
    best[1] = Math.max(best[1], await perSecond(raw));
  }
  return best;
}

async function perSecond(work: () => unknown): Promise<number> {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < limitMs / rounds; count += 1) await work();
  return (count * 1000) / (performance.now() - start);
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en').padStart(8);
}
