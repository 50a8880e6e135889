import { randomHex } from '../../foundation/crypto/index.ts';
import { foldedKey } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import type { TypedPin } from './login-pin.ts';

/**
 * Does for nothing what a wrong PIN costs, where there is no push token to hold it against: by the time nobody shall tell who has one. No password of
 * a user is tried, so none can be guessed here, and no directory locks an account. What comes of it is of no account either, an outage included.
 */
export async function spendLikePin(
  { passwords, directory, turns }: Pick<EngineParts, 'passwords' | 'directory' | 'turns'>,
  { pin, rule, user, realm }: TypedPin,
): Promise<void> {
  const key = `no token ${foldedKey({ user, realm })}`;
  switch (rule) {
    case 'tokenpin':
      await turns(key, () => passwords.spend(pin));
      return;
    case 'userstore':
      await turns(key, () => directory.checkPassword(randomHex(16), realm, pin));
      return;
    case 'none':
    case 'any':
      return;
    default:
      rule satisfies never;
  }
}
