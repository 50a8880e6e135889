import { randomHex } from '../../foundation/crypto/index.ts';
import type { PushToken } from '../../foundation/model/index.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { isPassword, type PasswordOwner } from '../people/person.ts';
import { checkPin, guessInTurn, isLocked } from './pins.ts';
import { type PinCheck, type Typist, typistOf } from './pins-per-source.ts';

/** What the PIN of a login is: that of each push token, the password of the user in their source, nothing at all, or anything. */
export type PinRule = 'tokenpin' | 'userstore' | 'none' | 'any';

/** A PIN that was typed, by whom and through whom, and what it is held against. `typed`: the name that the sources were asked for; `serial`: the push token that was. */
export type TypedPin = PasswordOwner & {
  pin: string;
  rule: PinRule;
  asker: Asker;
  typed?: string | undefined;
  serial?: string | undefined;
};

/** Who typed it, for the counts of failures. */
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
      const opens = async (all: readonly PushToken[]): Promise<boolean[]> => {
        const isRight = await isPassword(parts, { user, realm, source }, pin);
        return all.map(() => isRight);
      };
      const opensEvenly = (all: readonly PushToken[]): Promise<boolean[]> => {
        // A password that is remembered would answer sooner.
        parts.directory.forget(user, realm);
        return opens(all);
      };
      return guessInTurn(parts, guessed, { spend: () => spendCheck(parts, { pin, rule, realm }), opens, opensEvenly });
    }
    case 'none': {
      if (pin === '' && open.length > 0) return { kind: 'checked', matching: open };
      const opens = async (all: readonly PushToken[]): Promise<boolean[]> => all.map(() => false);
      return guessInTurn(parts, guessed, { spend: async () => undefined, opens, opensEvenly: opens });
    }
    case 'any':
      return open.length > 0 ? { kind: 'checked', matching: open } : { kind: 'exceeded' };
    default:
      return rule satisfies never;
  }
}

/** Whether a check tells a user from one who knows no PIN. A quiet one tells nobody, and nothing is proved where an empty PIN, or any, will do. */
export const isProof = (checked: PinCheck, { pin, rule }: TypedPin): boolean =>
  checked.kind === 'checked' && checked.matching.length > 0 && pin !== '' && (rule === 'tokenpin' || rule === 'userstore');

/** Spends what one check of a PIN costs: a hash, or a question to the directory under a name that is nobody's. */
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
