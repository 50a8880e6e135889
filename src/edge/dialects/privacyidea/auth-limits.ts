import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { type Outcome, refuse } from './outcome.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';

type Login = { server: AuthServer; subject: { user: string; realm: string } };

type Limit = { key: string; most: number; windowMs: number; message: string };

const kinds = {
  auth_max_success: { name: 'auth-ok', what: 'successful' },
  auth_max_fail: { name: 'auth-fail', what: 'failed' },
} as const;

/**
 * The refusal of a user who logged in or failed as often as policies allow; undefined for anybody else. Nothing is counted by looking.
 * @see docs/protocols/privacyidea.md 11.3
 */
export async function refusedByLimit(parts: PrivacyideaParts, ctx: Context, login: Login): Promise<Outcome | undefined> {
  for (const action of ['auth_max_fail', 'auth_max_success'] as const) {
    const limit = limitOf(parts, ctx, login, action);
    if (limit && (await parts.engine.countOf(limit.key)) >= limit.most) return refuse(limit.message);
  }
  return undefined;
}

/**
 * Counts a login that is accepted, where policies limit how many there may be; any other outcome stays as it is. Of logins that end at the same
 * moment those beyond the limit are refused here.
 */
export async function countAccepted(parts: PrivacyideaParts, ctx: Context, login: Login, outcome: Outcome): Promise<Outcome> {
  const limit = outcome.value ? limitOf(parts, ctx, login, 'auth_max_success') : undefined;
  return limit && (await countUp(parts, limit)) > limit.most ? refuse(limit.message) : outcome;
}

/** Counts a login that failed, where policies limit how many there may be. */
export async function countRefused(parts: PrivacyideaParts, ctx: Context, login: Login, outcome: Outcome): Promise<Outcome> {
  const limit = limitOf(parts, ctx, login, 'auth_max_fail');
  if (limit) await countUp(parts, limit);
  return outcome;
}

/** Whether nobody logged in with a push token for longer than policies allow; a new one has as long for its first login. */
export const isIdleTooLong = ({ lastLogin, createdAt }: PushToken, longestMs: number | undefined, now: number): boolean =>
  longestMs !== undefined && (lastLogin?.at ?? createdAt) < now - longestMs;

function limitOf(parts: PrivacyideaParts, ctx: Context, login: Login, action: keyof typeof kinds): Limit | undefined {
  const { engine } = parts;
  const { user, realm } = login.subject;
  const facts = engine.facts(askerFor(parts, ctx, login.server), { user, realm });
  // A push token without an owner is nobody's.
  const limit = user === '' ? undefined : engine.policy.value(action, facts);
  if (!limit) return undefined;
  const { name, what } = kinds[action];
  const { most, windowMs } = limit;
  const key = `${name}:${windowMs} ${realm.toLowerCase()} ${user.toLowerCase()}`;
  return { key, most, windowMs, message: `Only ${most} ${what} authentications per ${asPython(windowMs)}` };
}

async function countUp({ engine }: PrivacyideaParts, { key, windowMs }: Limit): Promise<number> {
  const now = engine.clock();
  return (await engine.countUp(key, now, now + windowMs)).count;
}

/** A span as Python writes it, and so privacyIDEA's messages: `0:05:00`, `1 day, 0:00:00`. */
function asPython(ms: number): string {
  const seconds = ms / 1000;
  const days = Math.floor(seconds / 86_400);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`;
}
