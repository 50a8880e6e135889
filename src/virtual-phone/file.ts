import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { done, no, type Outcome } from './outcome.ts';
import { Offer } from './uri.ts';

const StoredToken = Offer.extend({
  scannedAt: z.int(),
  /** PKCS#8 PEM; made when the rollout starts and kept, so that a rollout that failed is repeated with the same key. */
  privateKey: z.string().optional(),
  /** PKCS#1 DER in base64. There once the rollout has succeeded. */
  serverKey: z.string().optional(),
  /** The address the server was told last, where it is a real one. */
  fcmToken: z.string().optional(),
});
/** What the phone keeps of one push token. Times are epoch ms. */
export type StoredToken = z.output<typeof StoredToken>;
const Content = z.strictObject({ version: z.literal(1), tokens: z.array(StoredToken) });

/** The phone's memory. Every call reads the file anew, so that two processes with one phone see each other's tokens. */
export type PhoneFile = {
  /** All tokens, in the order of their scans. A file that is not there holds none; one that cannot be read is refused. */
  read(): Outcome<StoredToken[]>;
  /** One token. Refuses a serial that the phone does not know. */
  find(serial: string): Outcome<StoredToken>;
  /** Adds a token, or puts it in the place of the one with its serial. */
  put(token: StoredToken): Outcome<StoredToken>;
  remove(serial: string): Outcome<StoredToken>;
};

/** Keeps tokens in a JSON file of mode 0600, written beside its place and then moved there, so that a crash leaves the old or the new one. */
export function openPhoneFile(path: string): PhoneFile {
  const read = () => readTokens(path);
  const find = (serial: string): Outcome<StoredToken> => {
    const tokens = read();
    if (!tokens.ok) return tokens;
    const token = tokens.value.find((each) => each.serial === serial);
    return token ? done(token) : no(`the phone has no token ${serial}`);
  };
  const change = (token: StoredToken, edit: (tokens: StoredToken[]) => StoredToken[]): Outcome<StoredToken> => {
    const tokens = read();
    if (!tokens.ok) return tokens;
    const problem = write(path, `${JSON.stringify({ version: 1, tokens: edit(tokens.value) }, null, 2)}\n`);
    return problem ?? done(token);
  };
  return {
    read,
    find,
    put: (token) => change(token, (tokens) => [...tokens.filter(({ serial }) => serial !== token.serial), token]),
    remove(serial) {
      const found = find(serial);
      return found.ok ? change(found.value, (tokens) => tokens.filter((each) => each.serial !== serial)) : found;
    },
  };
}

function readTokens(path: string): Outcome<StoredToken[]> {
  if (!existsSync(path)) return done([]);
  try {
    const read = Content.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return read.success ? done(read.data.tokens) : no(`${path} is not the file of a phone: ${z.prettifyError(read.error)}`);
  } catch (error) {
    return no(`${path} cannot be read: ${codeOf(error)}`);
  }
}

function write(path: string, text: string): { ok: false; reason: string } | undefined {
  const beside = `${path}.${randomUUID()}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(beside, path);
    return undefined;
  } catch (error) {
    if (existsSync(beside)) rmSync(beside);
    return no(`${path} cannot be written: ${codeOf(error)}`);
  }
}

// The message of a JSON error quotes the text around it, and that may be a key.
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'it is not JSON');
