import { createHash } from 'node:crypto';

/** The words of a phone's answer. */
export type AnswerWord = 'ACCEPT' | 'DENY';

const version = 2;

/**
 * The signed text of an answer: its word, the gateway's signature, and the plaintext of the challenge.
 * @see docs/protocols/linotp.md 9
 */
export const answerText = (word: AnswerWord, serverSignature: Uint8Array, challengeText: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(version), Buffer.from(`${word}\0`), serverSignature, challengeText]);

/** Identifies a signed answer. */
export const answerDigest = (text: Uint8Array, signature: Uint8Array): string =>
  createHash('sha256').update(text).update(signature).digest('base64url');
