import { foldedRealm, type LoginRefusalReason, type PushToken } from '../../foundation/model/index.ts';
import { isFoundIn } from '../../foundation/patterns/index.ts';
import type { Facts, Permission } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import { type Applicant, type Asker, type EngineParts, originOf } from '../parts.ts';
import type { TokenLimitRefusal } from '../tokens/token-limits.ts';

/**
 * Why a login is not admitted. `denied`: by policy. `no-credential`: the caller showed none, and its network is not
 * enough. `too-often`: the user logged in or failed as often as policies allow per window (ms). `limited`: the user's
 * phones have as many open logins as policies allow (`open`), or cannot poll and must not ring now (`prompts`).
 */
export type LoginRefusal =
  | { kind: 'denied' }
  | { kind: 'no-credential' }
  | { kind: 'too-often'; what: 'successful' | 'failed'; most: number; windowMs: number }
  | { kind: 'limited'; because: 'open' | 'prompts'; retryMs: number };

/** All refusals of admission. Each dialect translates them with one table. */
export type Refusal = LoginRefusal | TokenLimitRefusal;

type Parts = Pick<EngineParts, 'policy' | 'clock' | 'realms'>;

/** {@link Admission.mayLogIn}. */
export function mayLogIn(parts: Parts, applicant: Applicant, { showed }: { showed: boolean }): LoginRefusal | undefined {
  const facts = factsOf(parts, applicant.asker, applicant);
  if (!showed && parts.policy.value('api_key_required', facts) === true) return { kind: 'no-credential' };
  return parts.policy.value('authorized', facts) === 'deny_access' ? { kind: 'denied' } : undefined;
}

/** What a refused login was about, as far as known. */
export type RefusedAbout = { serials?: readonly string[]; transaction?: string | undefined };

/** {@link Admission.tellRefused}. */
export const tellRefused = (
  { tell }: Pick<EngineParts, 'tell'>,
  { asker, user, realm }: Applicant,
  reason: LoginRefusalReason,
  { serials = [], transaction }: RefusedAbout = {},
): void => tell({ kind: 'login-refused', origin: originOf(asker), reason, serials: [...serials], transaction, user, realm });

/** Whether a caller may name users of this realm. */
export const mayAskFor = ({ realms }: Pick<Asker, 'realms'>, realm: string): boolean =>
  realms === undefined || realms.some((name) => foldedRealm(name) === foldedRealm(realm));

/** {@link Admission.resolveName}. */
export function resolveName(
  { realms }: Pick<EngineParts, 'realms'>,
  asker: Pick<Asker, 'realms'>,
  { name, realm }: { name: string; realm: string | undefined },
): { user: string; realm: string } | 'foreign' {
  const resolved = realms.resolve(name, realm);
  return resolved === 'unknown-realm' || !mayAskFor(asker, resolved.realm) ? 'foreign' : resolved;
}

/** {@link Admission.admittedTokens}. */
export function admittedTokens(
  parts: Parts,
  asker: Asker,
  tokens: readonly PushToken[],
  isAsked: (token: PushToken) => boolean = () => true,
): PushToken[] {
  const { policy } = parts;
  return tokens.filter((token) => {
    const facts = factsOf(parts, asker, token.owner, token);
    const type = token.type.toLowerCase();
    const serials = policy.value('serial', facts);
    return (
      (isAsked(token) || policy.value('application_tokentype', facts) !== true) &&
      policy.value('authorized', facts) !== 'deny_access' &&
      policy.value('disabled_token_types', facts)?.includes(type) !== true &&
      policy.value('tokentype', facts)?.includes(type) !== false &&
      (serials === undefined || isFoundIn(serials, token.serial)) &&
      !isIdleTooLong(token, policy.value('last_auth', facts), facts.now)
    );
  });
}

/** Whether the last login with a push token, or its creation if there was none, is longer ago than policies allow. */
const isIdleTooLong = ({ lastLogin, createdAt }: PushToken, longestMs: number | undefined, now: number): boolean =>
  longestMs !== undefined && (lastLogin?.at ?? createdAt) < now - longestMs;

/** An administrator: a name, and a realm if it has one. */
export type Administrator = { name: string; realm?: string | undefined };

/** Rights on the gateway itself. They concern no push token, so rules for realms of push tokens do not grant them. */
const gatewayRights: readonly Permission[] = ['operate', 'audit_erase', 'auditlog'];

/** {@link Admission.adminFacts}. */
export const adminFacts = (parts: Parts, asker: Asker, { name, realm: adminRealm = '' }: Administrator, realm?: string): Facts => ({
  ...factsOf(parts, asker, { user: name, realm: adminRealm }),
  adminRealm,
  realm,
});

/** {@link Admission.mayAdminister}. */
export function mayAdminister(
  parts: Parts,
  asker: Asker,
  { who, right, realms }: { who: Administrator; right: Permission; realms?: readonly string[] | undefined },
): boolean {
  const { policy } = parts;
  const isOfGateway = gatewayRights.includes(right);
  if (realms === undefined && !isOfGateway) return policy.permitsSomewhere(right, adminFacts(parts, asker, who));
  const asked = isOfGateway || realms === undefined || realms.length === 0 ? [undefined] : realms;
  return asked.some((realm) => policy.permits(right, adminFacts(parts, asker, who, realm)));
}

/** {@link Admission.realmsOpenTo}. */
export function realmsOpenTo(parts: Parts, asker: Asker, who: Administrator, right: Permission): string[] | undefined {
  const all = ['', ...parts.realms.names];
  const open = all.filter((realm) => mayAdminister(parts, asker, { who, right, realms: realm === '' ? [] : [realm] }));
  return open.length === all.length ? undefined : open;
}

/** {@link Admission.serialsOpenTo}. */
export async function serialsOpenTo(
  parts: Parts & Pick<EngineParts, 'store'>,
  asker: Asker,
  { who, right, serials }: { who: Administrator; right: Permission; serials: readonly string[] },
): Promise<string[]> {
  if (!realmsOpenTo(parts, asker, who, right)) return [...serials];
  const tokens = await Promise.all(serials.map((serial) => parts.store.findToken(serial)));
  return tokens.flatMap((token) => (token && mayAdminister(parts, asker, { who, right, realms: token.realms }) ? [token.serial] : []));
}
