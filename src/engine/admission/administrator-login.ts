import { TurnedAway } from '../../foundation/model/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { EngineParts } from '../parts.ts';
import { type Accounts, accountName } from '../users/index.ts';

/** A login of an administrator. */
export type AdministratorLogin = {
  name: string;
  password: string;
  /** The client's IP address. */
  source: string;
  /**
   * The login comes from an auth server's own networks with the account that acts for it, so failures of strangers must
   * not slow it down.
   */
  isApart: boolean;
};

type Parts = Pick<EngineParts, 'mutex' | 'limits' | 'loginQueue' | 'guesses' | 'store' | 'clock' | 'metrics' | 'tell'> & {
  accounts: Pick<Accounts, 'check'>;
};

/** The name under which they wait in the login queue, among those of auth servers. */
const administrators = 'administrators';
/** Wrong passwords per network and account before a wait. */
const freeTries = 10;
const dayMs = 24 * 60 * 60_000;

/** The counter of wrong passwords for an account from all networks, without logins that stand apart. */
const totalOf = (name: string): string => `account-failures:${name}`;

/**
 * Checks the password of an administrator. After ten wrong ones, a network has one try per wait at that account: 1
 * minute, then 2, 4, up to an hour. After a hundred, all networks together have one, except logins that stand apart.
 * Throws `TurnedAway` during a wait, and when the address has failed too often with any names; `Overloaded` when the
 * gateway is too busy. Existing and unknown names are refused alike.
 */
export function checkAdministrator(parts: Parts, login: AdministratorLogin): Promise<'right' | 'wrong'> {
  const { mutex, limits, accounts, tell, loginQueue } = parts;
  const { name, password, source } = login;
  // One at a time per network, so that a burst of guesses cannot pass the limit.
  return mutex(`login ${networkOf(source)}`, async () => {
    limits.assertNotBlocked('login', source);
    return loginQueue.run(administrators, async () => {
      const guess = openGuess(parts, login);
      await guess.take();
      const isRight = await accounts.check(name, password);
      tell({ kind: isRight ? 'administrator-logged-in' : 'administrator-refused', administrator: name, client: source });
      await (isRight ? guess.wasRight() : guess.wasWrong());
      if (isRight) return 'right';
      await limits.failed('login', source);
      return 'wrong';
    });
  });
}

/**
 * One guess at a password. A network that was right within the last hour is counted only after a wrong password, which
 * saves a write.
 */
function openGuess({ guesses, store, clock, metrics }: Parts, { name, source, isApart }: AdministratorLogin) {
  const guessed = `account ${name}`;
  const isTrusted = guesses.isTrusted(guessed, source);
  // A text that cannot be an account name needs no counter.
  const isName = accountName.test(name);
  const count = async (): Promise<boolean> => {
    const failures = isApart ? 0 : await store.countOf(totalOf(name), clock());
    return guesses.take({ name: guessed, limit: freeTries, failures }, source);
  };
  return {
    async take(): Promise<void> {
      if (isTrusted || !isName || (await count())) return;
      metrics.limitRejections.inc({ scope: 'login' });
      throw new TurnedAway(guesses.waitMs(guessed, source));
    },
    async wasRight(): Promise<void> {
      if (isTrusted) return;
      await guesses.giveBack(guessed, source);
      await guesses.forget(guessed, source);
      if (!isApart) await store.uncount([totalOf(name)], 'all');
    },
    async wasWrong(): Promise<void> {
      if (!isName) return;
      if (isTrusted) {
        // Counts now what `take` left out; a later right password gives it back.
        guesses.distrust(guessed, source);
        await count();
      }
      const now = clock();
      if (!isApart) await store.countUp(totalOf(name), now, now + dayMs);
    },
  };
}
