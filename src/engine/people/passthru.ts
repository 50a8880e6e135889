import { foldedKey, GatewayFault } from '../../foundation/model/index.ts';
import { outsideSpan } from '../../foundation/telemetry/spans.ts';
import type { EngineParts } from '../parts.ts';
import { isPassword, type PasswordOwner } from './person.ts';

/** A password of a user who has no token, and who checks it: the source of the user, or a RADIUS service by its name. */
export type HandedOn = PasswordOwner & { via: string; password: string; client: string };

/** The name that stands for the source of the user where a RADIUS service could be named. */
export const userStore = 'userstore';

/**
 * Hands a password on. Those of one user go one after the other; where no push token could count the wrong ones, each client has its own limit
 * per user. A challenge of RADIUS is a no: nobody could answer it. Throws `directory-unavailable` when nobody answers, `config-invalid` for a
 * service that does not exist.
 */
export function isPasswordElsewhere(parts: EngineParts, { via, user, realm, source: known, password, client }: HandedOn): Promise<boolean> {
  // The other side may ignore case: whoever varies it gets no more guesses.
  const whose = foldedKey({ user, realm });
  return parts.turns(`passthru ${whose}`, async () => {
    const source = `${client} ${whose}`;
    if (parts.limits.isBlocked('passthru', source)) return false;
    const isRight =
      via === userStore
        ? await isPassword(parts, { user, realm, source: known }, password)
        : await isRadiusPassword(parts, { via, user, password });
    if (!isRight) await parts.limits.failed('passthru', source, { source: client, user, realm });
    return isRight;
  });
}

async function isRadiusPassword({ radius }: EngineParts, { via, user, password }: Pick<HandedOn, 'via' | 'user' | 'password'>) {
  const service = radius.get(via);
  if (!service)
    throw new GatewayFault(
      'config-invalid',
      `There is no RADIUS service "${via}"; radiusServers count from the next start of the gateway on`,
    );
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
