import { createHash } from 'node:crypto';

/** The words a phone answers with. */
export type AnswerWord = 'ACCEPT' | 'DENY';

const version = 2;

/** What the phone signs: its word, then the gateway's signature and the plaintext of the challenge. @see docs/protocols/linotp.md 9 */
export const answerText = (word: AnswerWord, serverSignature: Uint8Array, challengeText: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(version), Buffer.from(`${word}\0`), serverSignature, challengeText]);

/** Tells one signed answer from another. */
export const answerDigest = (text: Uint8Array, signature: Uint8Array): string =>
  createHash('sha256').update(text).update(signature).digest('base64url');
