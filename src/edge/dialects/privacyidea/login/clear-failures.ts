import { type Login, withoutOffers } from './login.ts';

/**
 * After a login: clears the failures of all tokens that were found for it, where the policy `reset_all_user_tokens` says so, else what the
 * network of this client did to the token that logged in. That token's own fail count is cleared behind the reply in any case. Costs nothing
 * where no token has failures.
 */
export async function clearFailures(login: Login, detail: Record<string, unknown>): Promise<void> {
  const { engine } = login.parts;
  const { asker } = login;
  const subject = withoutOffers(login);
  const failed = subject.tokens.filter(({ failCount }) => failCount > 0);
  if (failed.length === 0) return;
  const { user, realm } = subject;
  const facts = engine.facts(asker, { user, realm });
  if (engine.policy.value('reset_all_user_tokens', facts)) return engine.forgiveAll(failed, asker.client);
  const own = failed.filter(({ serial }) => serial === detail.serial);
  await engine.forgetNetwork(own, asker.client);
}
