import { TurnedAway } from '../../foundation/model/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { EngineParts } from '../parts.ts';
import { type Accounts, accountName } from '../users/index.ts';

/** A name and a password from an address. `isApart`: it is of an auth server that the account acts for, whom failures of strangers must not slow down. */
export type AdministratorLogin = { name: string; password: string; source: string; isApart: boolean };

type Parts = Pick<EngineParts, 'turns' | 'limits' | 'loginQueue' | 'guesses' | 'store' | 'clock' | 'metrics' | 'tell'> & {
  accounts: Pick<Accounts, 'check'>;
};

/** Under which name they wait for their turn, among auth servers. */
const administrators = 'administrators';
/** Wrong passwords of one network for one account before it has to wait. */
const freeTries = 10;
const dayMs = 24 * 60 * 60_000;

/** The wrong passwords for an account from everywhere but the networks that stand apart. */
const totalOf = (name: string): string => `account-failures:${name}`;

/**
 * Checks the password of an administrator. From ten wrong ones on, account and network have one try per wait: 1 minute, then 2, 4, up to an hour; from a
 * hundred on the account has one from all networks together, but for those that stand apart. Throws `TurnedAway` during a wait, and where the address has
 * failed too often with whatever names. Throws `Overloaded` where there is
 * too much to do. Nothing tells a name that exists from one that does not.
 */
export function checkAdministrator(parts: Parts, login: AdministratorLogin): Promise<'right' | 'wrong'> {
  const { turns, limits, accounts, tell, loginQueue } = parts;
  const { name, password, source } = login;
  // One after the other for each network, so that no burst of guesses gets past the limit.
  return turns(`login ${networkOf(source)}`, async () => {
    limits.demandCalm('login', source);
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

/** One guess at a password. A network that was right within the last hour is not counted before its password is looked at: that costs no write. */
function openGuess({ guesses, store, clock, metrics }: Parts, { name, source, isApart }: AdministratorLogin) {
  const guessed = `account ${name}`;
  const isTrusted = guesses.isTrusted(guessed, source);
  // What cannot be the name of an account needs no count of its own.
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
        // The next right one shall give back what this one counts.
        guesses.distrust(guessed, source);
        await count();
      }
      const now = clock();
      if (!isApart) await store.countUp(totalOf(name), now, now + dayMs);
    },
  };
}
