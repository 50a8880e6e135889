import { randomHex } from '../../foundation/crypto/index.ts';
import { foldedKey } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import type { TypedPin } from './login-pin.ts';

/** {@link Pins.equalizeTiming}. */
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
