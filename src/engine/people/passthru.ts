import { foldedKey, GatewayFault } from '../../foundation/model/index.ts';
import { outsideSpan } from '../../foundation/telemetry/spans.ts';
import type { EngineParts } from '../parts.ts';
import { isRightPassword, type PasswordOwner } from './person.ts';

/** A password to check elsewhere: at the user's source, or at the RADIUS service `via`. */
export type ForwardedPassword = PasswordOwner & { via: string; password: string; client: string };

/** The value of `via` that means the user's source instead of a RADIUS service. */
export const userStore = 'userstore';

/**
 * Checks a password elsewhere. The checks of one user run one after the other, and each client has its own limit per
 * user, since there is no push token to count wrong ones. A RADIUS challenge counts as a refusal, because no one could
 * answer it. Throws `directory-unavailable` without an answer, `config-invalid` for an unknown service.
 */
export function isPasswordElsewhere(
  parts: EngineParts,
  { via, user, realm, source: known, password, client }: ForwardedPassword,
): Promise<boolean> {
  // The other side may ignore case, so variants of the name must not give more guesses.
  const userKey = foldedKey({ user, realm });
  return parts.mutex(`passthru ${userKey}`, async () => {
    const source = `${client} ${userKey}`;
    if (parts.limits.isBlocked('passthru', source)) return false;
    const isRight =
      via === userStore
        ? await isRightPassword(parts, { user, realm, source: known }, password)
        : await isRadiusPassword(parts, { via, user, password });
    if (!isRight) await parts.limits.failed('passthru', source, { source: client, user, realm });
    return isRight;
  });
}

async function isRadiusPassword({ radius }: EngineParts, { via, user, password }: Pick<ForwardedPassword, 'via' | 'user' | 'password'>) {
  const service = radius.get(via);
  if (!service) throw new GatewayFault('config-invalid', `There is no RADIUS service "${via}" in radiusServers`);
  const outcome = await outsideSpan(
    'RADIUS',
    () => ({ 'pushgate.radius_service': via }),
    async (noting) => {
      const answered = await service.authenticate(user, password);
      if (answered.kind === 'unavailable') noting.failed(answered.reason);
      return answered;
    },
  );
  if (outcome.kind === 'unavailable')
    throw new GatewayFault('directory-unavailable', `The RADIUS service "${via}" does not answer (${outcome.reason})`);
  return outcome.kind === 'accept';
}
