import { z } from 'zod';
import { GatewayFault, OverlongText } from '../foundation/model/index.ts';
import { longestMatched } from '../foundation/patterns/index.ts';
import { comparatorNames, compare, compareProblem } from './comparators.ts';
import type { Facts } from './facts.ts';
import { isSecretHeader, isSecretParam } from './secret-names.ts';

/** How to read the value of a condition, by section. Header names are case-insensitive. */
const sections = {
  'HTTP Request header': ({ headers }: Facts, key: string) => headers?.[key.toLowerCase()],
  'Request Data': ({ params }: Facts, key: string) => params?.[key],
  token: ({ token }: Facts, key: string) => token?.[key],
  tokeninfo: ({ tokenInfo }: Facts, key: string) => tokenInfo?.[key],
  userinfo: ({ userinfo }: Facts, key: string) => userinfo?.[key],
} as const satisfies Record<string, (facts: Facts, key: string) => string | undefined>;

const isUnseen: Partial<Record<keyof typeof sections, (name: string) => boolean>> = {
  'HTTP Request header': isSecretHeader,
  'Request Data': isSecretParam,
};

/** One further condition of a rule, as in privacyIDEA. @see docs/protocols/privacyidea.md 11.1 */
export const conditionConfig = z
  .strictObject({
    section: z
      .enum(['HTTP Request header', 'Request Data', 'token', 'tokeninfo', 'userinfo'])
      .describe(
        'Where the value is looked up: a request header, a request parameter, the push token, its token info, or the user in the user source.',
      ),
    key: z
      .string()
      .min(1)
      .meta({
        description:
          'Name of the header, the parameter or the token info. Section token knows: serial, tokentype, description, realm, failcount, maxfail, active, locked, revoked, rollout_state, provider. Section userinfo knows: username, userid, givenname, surname, email, phone, mobile, groups.',
        examples: ['X-Zone'],
      }),
    comparator: z
      .enum(comparatorNames)
      .describe('How the values are compared. A leading ! negates. in: a list separated by commas. date_within_last: a span such as 7d.'),
    value: z.string().meta({ description: 'The value to compare with.', examples: ['dmz'] }),
    active: z.boolean().default(true).describe('Whether the condition is used at all.'),
    on_missing: z
      .enum(['raise_error', 'condition_is_true', 'condition_is_false'])
      .default('condition_is_false')
      .describe('What the condition yields when there is no such value. raise_error refuses the request.'),
  })
  .superRefine(({ section, key, comparator, value }, context) => {
    if (isUnseen[section]?.(key))
      context.addIssue({ code: 'custom', path: ['key'], message: `policies never see "${key}": its name suggests a credential` });
    const message = compareProblem(comparator, value);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['value'], message });
  });

/** A checked condition. */
export type Condition = z.output<typeof conditionConfig>;

/** A condition as one line of text. */
export const conditionText = ({ section, key, comparator, value }: Condition): string => `${section} ${key} ${comparator} ${value}`;

/** Whether a condition holds; undefined when the value is missing and `on_missing` is `raise_error`. */
export function verdictOf({ section, key, comparator, value, active, on_missing }: Condition, facts: Facts): boolean | undefined {
  if (!active) return true;
  const found = sections[section](facts, key);
  if (found !== undefined) return compare(found, comparator, value, facts.now);
  return on_missing === 'raise_error' ? undefined : on_missing === 'condition_is_true';
}

/** Whether a condition holds. Throws `config-invalid` when the value is missing and `on_missing` is `raise_error`. */
export function holds(condition: Condition, facts: Facts): boolean {
  const verdict = verdictOf(condition, facts);
  if (verdict === undefined)
    throw new GatewayFault('config-invalid', `A policy asks for ${condition.section} "${condition.key}", which this request does not have`);
  return verdict;
}

/** The sections whose values the client chooses, with the word for one value. */
const clientSections = { 'HTTP Request header': 'Header', 'Request Data': 'Parameter' } as const;
const isFromClient = (section: string): section is keyof typeof clientSections => Object.hasOwn(clientSections, section);

/**
 * Returns a check that throws `OverlongText` when a header or parameter that these conditions read is too long to be
 * compared. So no rule judges a truncated text, and no client can choose one that is slow to compare.
 */
export function shortTextsOf(conditions: readonly Condition[]): (facts: Facts) => void {
  const looked = conditions.flatMap(({ section, key, active }) => (active && isFromClient(section) ? [{ section, key }] : []));
  return (facts) => {
    for (const { section, key } of looked)
      if ((sections[section](facts, key)?.length ?? 0) > longestMatched)
        throw new OverlongText(`${clientSections[section]} ${key}`, longestMatched);
  };
}
