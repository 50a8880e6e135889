import { actionEntries } from '../../src/config/reference/index.ts';
import { entryBlock } from './entry-block.ts';
import { page, wrapped } from './markdown.ts';

/** The decisions that the rules of each scope make. */
const scopes: Readonly<Record<string, string>> = {
  enrollment: 'How push tokens are enrolled.',
  authentication: 'How a login is checked, how the phone is asked, and what replies tell.',
  authorization: 'Which logins are allowed, and what replies to them tell.',
  token: 'What phones are told.',
  admin: 'What administrators may do.',
};

/** The page about all policy actions. */
export function policiesPage(): string {
  const entries = actionEntries();
  return page([
    '# Policy reference',
    wrapped(
      'Every action that a rule may set, by scope. `npx pushgate config reference ACTION` prints the same. ' +
        '[policies.md](../policies.md) explains rules, and [config.md](config.md#policies) lists what a rule may match.',
    ),
    wrapped('"Acts at mounts" names the kinds of mount (`listeners.mounts.serves`) where the action has an effect.'),
    ...Object.entries(scopes).flatMap(([scope, meaning]) => [
      `## Scope ${scope}`,
      wrapped(meaning),
      ...entries.filter((entry) => entry.scopes?.[0] === scope).map((entry) => entryBlock(entry, 3)),
    ]),
  ]);
}
