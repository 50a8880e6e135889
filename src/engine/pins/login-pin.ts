import { randomHex } from '../../foundation/crypto/index.ts';
import type { PushToken } from '../../foundation/model/index.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { isRightPassword, type PasswordOwner } from '../people/person.ts';
import { checkPin, guessInTurn, isLocked } from './pins.ts';
import { type PinCheck, type Typist, typistOf } from './pins-per-source.ts';

/**
 * What counts as the PIN of a login: each push token's own PIN, the user's password in the source, nothing, or
 * anything.
 */
export type PinRule = 'tokenpin' | 'userstore' | 'none' | 'any';

/** A typed PIN with its user. */
export type TypedPin = PasswordOwner & {
  pin: string;
  rule: PinRule;
  asker: Asker;
  /** The name that was looked up. */
  typed?: string | undefined;
  /** The push token that the request names. */
  serial?: string | undefined;
};

/** The typist of a PIN, for the counts of failures. */
export const typistOfPin = (parts: EngineParts, { asker, user, realm }: TypedPin, tokens: readonly PushToken[]): Typist =>
  typistOf(parts, { asker, user, realm }, tokens);

/** {@link Pins.checkAtLogin}. */
export async function checkLoginPin(parts: EngineParts, tokens: readonly PushToken[], typed: TypedPin): Promise<PinCheck> {
  const { pin, rule, user, realm, source } = typed;
  const guessed = { tokens, typist: typistOfPin(parts, typed, tokens) };
  const open = tokens.filter((token) => !isLocked(parts, token));
  switch (rule) {
    case 'tokenpin':
      return checkPin(parts, guessed, pin);
    case 'userstore': {
      const matches = async (all: readonly PushToken[]): Promise<boolean[]> => {
        const isRight = await isRightPassword(parts, { user, realm, source }, pin);
        return all.map(() => isRight);
      };
      const matchesEvenly = (all: readonly PushToken[]): Promise<boolean[]> => {
        // A cached password would answer sooner.
        parts.directory.forget(user, realm);
        return matches(all);
      };
      return guessInTurn(parts, guessed, { spend: () => spendCheck(parts, { pin, rule, realm }), matches, matchesEvenly });
    }
    case 'none': {
      if (pin === '' && open.length > 0) return { kind: 'checked', matching: open };
      const matches = async (all: readonly PushToken[]): Promise<boolean[]> => all.map(() => false);
      return guessInTurn(parts, guessed, { spend: async () => undefined, matches, matchesEvenly: matches });
    }
    case 'any':
      return open.length > 0 ? { kind: 'checked', matching: open } : { kind: 'exceeded' };
    default:
      return rule satisfies never;
  }
}

/**
 * Whether a check proves that the user knows a PIN. A quiet check proves nothing, nor does one where an empty PIN or
 * any PIN is accepted.
 */
export const isProof = (checked: PinCheck, { pin, rule }: TypedPin): boolean =>
  checked.kind === 'checked' && checked.matching.length > 0 && pin !== '' && (rule === 'tokenpin' || rule === 'userstore');

/** Spends the cost of one PIN check: a hash, or a directory lookup of a random name. */
export async function spendCheck(
  { passwords, directory }: Pick<EngineParts, 'passwords' | 'directory'>,
  { pin, rule, realm }: Pick<TypedPin, 'pin' | 'rule' | 'realm'>,
): Promise<void> {
  switch (rule) {
    case 'tokenpin':
      return passwords.spend(pin);
    case 'userstore':
      await directory.checkPassword(randomHex(16), realm, pin);
      return;
    case 'none':
    case 'any':
      return;
    default:
      rule satisfies never;
  }
}
