import { z } from 'zod';
import type { Facts } from './facts.ts';

const comparators = ['equals', 'contains', 'matches', 'in', '<', '>'] as const;
type Comparator = (typeof comparators)[number];
const names = comparators.flatMap((name): (Comparator | `!${Comparator}`)[] => [name, `!${name}`]);

/** One further demand of a rule, as privacyIDEA knows them. @see docs/protocols/privacyidea.md 11.1 */
export const conditionConfig = z
  .strictObject({
    section: z
      .enum(['HTTP Request header', 'token', 'userinfo'])
      .describe('Where the value is looked up: a header of the request, the push token, or what the source tells of the user.'),
    key: z
      .string()
      .min(1)
      .describe(
        'Name of the header, or serial, tokentype, description, realm, failcount, rollout_state, provider of the token, or username, userid, givenname, surname, email, phone, mobile, groups of the user.',
      ),
    comparator: z.enum(names).describe('How it is compared; ! turns it round. "in" takes a list separated by commas.'),
    value: z.string().describe('What it is compared with.'),
    on_missing: z
      .enum(['condition_is_true', 'condition_is_false'])
      .default('condition_is_false')
      .describe('What the condition is where there is no such value.'),
  })
  .superRefine(({ comparator, value }, context) => {
    if (comparator.endsWith('matches') && !isPattern(value))
      context.addIssue({ code: 'custom', path: ['value'], message: 'is not a regular expression' });
    if (/[<>]$/.test(comparator) && Number.isNaN(numberOf(value)))
      context.addIssue({ code: 'custom', path: ['value'], message: 'must be a number or a date to be compared by size' });
  });

/** A condition that was checked. */
export type Condition = z.output<typeof conditionConfig>;

/** One line that says what a condition demands. */
export const conditionText = ({ section, key, comparator, value }: Condition): string => `${section} ${key} ${comparator} ${value}`;

const lookUp: Record<Condition['section'], (facts: Facts, key: string) => string | undefined> = {
  'HTTP Request header': ({ headers }, key) => headers?.[key.toLowerCase()],
  token: ({ token }, key) => token?.[key],
  userinfo: ({ userinfo }, key) => userinfo?.[key],
};

/** Whether a condition holds. Header names count in any case. */
export function holds({ section, key, comparator, value, on_missing }: Condition, facts: Facts): boolean {
  const found = lookUp[section](facts, key);
  if (found === undefined) return on_missing === 'condition_is_true';
  const isTurned = comparator.startsWith('!');
  return compare(found, comparator.replace('!', ''), value) !== isTurned;
}

function compare(found: string, comparator: string, value: string): boolean {
  switch (comparator) {
    case 'equals':
      return found === value;
    case 'contains':
      return found.includes(value);
    case 'matches':
      return new RegExp(`^(?:${value})$`).test(found);
    case 'in':
      return value.split(',').some((each) => each.trim() === found);
    case '<':
      return numberOf(found) < numberOf(value);
    default:
      return numberOf(found) > numberOf(value);
  }
}

/** A number, or the moment of a date. */
const numberOf = (text: string): number => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Date.parse(text));

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
