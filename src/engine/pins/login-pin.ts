import { randomHex } from '../../foundation/crypto/index.ts';
import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { isPassword, type PasswordOwner } from '../people/person.ts';
import { checkPin, guessInTurn, isLocked } from './pins.ts';
import type { PinCheck } from './pins-per-network.ts';

/** What the PIN of a login is: that of each push token, the password of the user in their source, nothing at all, or anything. */
export type PinRule = 'tokenpin' | 'userstore' | 'none' | 'any';

/** A PIN that was typed, by whom and from where (`client`), and what it is held against. `typed`: the name that the sources were asked for. */
export type TypedPin = PasswordOwner & { pin: string; rule: PinRule; client: string; typed?: string | undefined };

/** {@link Pins.checkAtLogin}. */
export async function checkLoginPin(
  parts: EngineParts,
  tokens: readonly PushToken[],
  { pin, rule, client, typed: _asked, ...owner }: TypedPin,
): Promise<PinCheck> {
  switch (rule) {
    case 'tokenpin':
      return checkPin(parts, tokens, pin, client);
    case 'userstore':
      return guessInTurn(
        parts,
        { tokens, client },
        {
          spend: () => spendCheck(parts, { pin, rule, realm: owner.realm }),
          async opens(open) {
            const isRight = await isPassword(parts, owner, pin);
            return open.map(() => isRight);
          },
        },
      );
    case 'none': {
      const open = tokens.filter((token) => !isLocked(parts, token));
      if (pin === '' && open.length > 0) return { kind: 'checked', matching: open };
      return guessInTurn(parts, { tokens, client }, { spend: async () => undefined, opens: async (all) => all.map(() => false) });
    }
    case 'any': {
      const open = tokens.filter((token) => !isLocked(parts, token));
      return open.length > 0 ? { kind: 'checked', matching: open } : { kind: 'exceeded', isTold: parts.guesses.lockout === 'token' };
    }
    default:
      return rule satisfies never;
  }
}

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
