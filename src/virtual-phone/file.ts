import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { AppName } from './apps.ts';
import { LinotpToken } from './linotp/token.ts';
import { done, no, type Outcome } from './outcome.ts';
import { Offer } from './uri.ts';

const StoredToken = Offer.extend({
  scannedAt: z.int(),
  /** The app that scanned it; absent: the privacyIDEA Authenticator. */
  app: AppName.optional(),
  /** PKCS#8 PEM; made when the rollout starts, and kept so that a failed rollout is repeated with the same key. */
  privateKey: z.string().optional(),
  /** PKCS#1 DER in base64; present once the rollout has succeeded. */
  serverKey: z.string().optional(),
  /** The last address that the server was told, if it is a real one. */
  fcmToken: z.string().optional(),
});
/** The phone's record of one push token. Times are epoch ms. */
export type StoredToken = z.output<typeof StoredToken>;
const Content = z.strictObject({ version: z.literal(1), tokens: z.array(StoredToken), linotp: z.array(LinotpToken).default([]) });
type Content = z.output<typeof Content>;

/**
 * The tokens of one kind on the phone. Every call reads the file again, so that two processes with one phone see each
 * other's tokens.
 */
export type TokenList<T> = {
  /** All tokens, in scanning order. A missing file is empty; an unreadable one is refused. */
  read(): Outcome<T[]>;
  /** One token. Refuses an unknown serial. */
  find(serial: string): Outcome<T>;
  /** Adds a token, or replaces the one with its serial. */
  put(token: T): Outcome<T>;
  remove(serial: string): Outcome<T>;
};

/** The push tokens of privacyIDEA and eduMFA. */
export type PhoneFile = TokenList<StoredToken>;

/** Keeps tokens in a JSON file of mode 0600, replaced atomically, so that a crash leaves the old or the new one. */
export const openPhoneFile = (path: string): PhoneFile =>
  openList(path, {
    of: ({ tokens }) => tokens,
    into: (content, tokens) => ({ ...content, tokens }),
  });

/** The same for the push tokens of LinOTP, in the same file. */
export const openLinotpFile = (path: string): TokenList<LinotpToken> =>
  openList(path, {
    of: ({ linotp }) => linotp,
    into: (content, linotp) => ({ ...content, linotp }),
  });

/** How to get one list from the file's content, and how to set it. */
type Place<T> = { of(content: Content): T[]; into(content: Content, tokens: T[]): Content };

function openList<T extends { serial: string }>(path: string, { of, into }: Place<T>): TokenList<T> {
  const read = (): Outcome<T[]> => {
    const content = readContent(path);
    return content.ok ? done(of(content.value)) : content;
  };
  const find = (serial: string): Outcome<T> => {
    const tokens = read();
    if (!tokens.ok) return tokens;
    const token = tokens.value.find((each) => each.serial === serial);
    return token ? done(token) : no(`the phone has no token ${serial}`);
  };
  const change = (token: T, edit: (tokens: T[]) => T[]): Outcome<T> => {
    const content = readContent(path);
    if (!content.ok) return content;
    const problem = write(path, `${JSON.stringify(into(content.value, edit(of(content.value))), null, 2)}\n`);
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

function readContent(path: string): Outcome<Content> {
  if (!existsSync(path)) return done({ version: 1, tokens: [], linotp: [] });
  try {
    const read = Content.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return read.success ? done(read.data) : no(`${path} is not a phone file: ${z.prettifyError(read.error)}`);
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

// The message of a JSON error quotes the text, which may be a key.
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'it is not JSON');
