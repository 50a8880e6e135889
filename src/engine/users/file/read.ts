import { z } from 'zod';
import { mappedName, ok, parseJson, type Result, refused } from '../../../foundation/model/index.ts';
import { plainError } from '../../../foundation/settings/index.ts';
import type { Barred, UserRecord } from '../user-source.ts';
import { hashProblem } from './password-hash.ts';

/** A user of a file. */
export type FileUser = {
  user: UserRecord;
  /** The password hash; without one, no password is right. */
  hash: string | undefined;
  isDisabled?: boolean | undefined;
  /** Epoch ms; the account is barred from then on. */
  expiresAt?: number | undefined;
};
/** The users of a file by name. */
export type FileUsers = ReadonlyMap<string, FileUser>;

const text = z.string().max(256).default('');
const jsonUsers = z.array(
  z.strictObject({
    username: z.string().trim().min(1).max(256),
    userid: text,
    givenname: text,
    surname: text,
    email: text,
    phone: text,
    mobile: text,
    groups: z.array(z.string()).default([]),
    password: z.string().optional(),
    disabled: z.boolean().default(false),
    expires: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })], { error: 'expected a day such as 2027-01-31, or 2027-01-31T18:00:00Z' })
      .optional(),
  }),
);

/**
 * Why an account of a file is barred at this time; undefined if it is not. An expiry day ends the account when that day
 * begins (UTC).
 */
export function barredInFile({ isDisabled, expiresAt }: FileUser, now: number): Barred | undefined {
  if (isDisabled) return 'disabled';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : undefined;
}

/** A name in the form in which names of a file are compared, without surrounding blanks. */
export const listedName = (name: string): string => mappedName(name.trim());

/** Reads a JSON list of users. Refuses an invalid one with one sentence that contains no hash. */
export function readJsonUsers(content: string, resolver: string): Result<FileUsers, string> {
  const raw = parseJson(content);
  if (raw === undefined) return refused('is not JSON; expected a list of users');
  const parsed = jsonUsers.safeParse(raw, { error: plainError });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const keys = issue?.code === 'unrecognized_keys' ? `"${issue.keys[0]}": ` : '';
    return refused(`[${issue?.path.map(String).join('.') ?? ''}] ${keys}${issue?.message.split('\n')[0] ?? ''}`);
  }
  return collect(
    parsed.data.map(({ password, userid, disabled, expires, ...rest }, index) => ({
      where: `user ${index + 1}`,
      hash: password,
      isDisabled: disabled,
      expiresAt: expires === undefined ? undefined : Date.parse(expires),
      user: { ...rest, userid: userid === '' ? rest.username : userid, resolver },
    })),
  );
}

/** Reads the output of `htpasswd -B`: lines of `name:hash`; empty lines and those that begin with `#` are skipped. */
export function readHtpasswd(content: string, resolver: string): Result<FileUsers, string> {
  const nothing = { givenname: '', surname: '', email: '', phone: '', mobile: '', groups: [] };
  return collect(
    content.split(/\r?\n/).flatMap((line, index) => {
      if (/^\s*(#|$)/.test(line)) return [];
      const colon = line.indexOf(':');
      const username = colon < 0 ? '' : line.slice(0, colon).trim();
      return [
        { where: `line ${index + 1}`, hash: line.slice(colon + 1).trim(), user: { ...nothing, username, userid: username, resolver } },
      ];
    }),
  );
}

function collect(users: readonly (FileUser & { where: string })[]): Result<FileUsers, string> {
  const found = new Map<string, FileUser>();
  for (const { where, ...entry } of users) {
    const { hash, user } = entry;
    const problem = hash === undefined ? undefined : hashProblem(hash);
    if (user.username === '') return refused(`${where}: expected name:hash`);
    if (found.has(listedName(user.username))) return refused(`${where}: this name occurs twice`);
    if (problem !== undefined) return refused(`${where}: ${problem}`);
    found.set(listedName(user.username), entry);
  }
  return ok(found);
}
