import type { Rule } from './rule.ts';

/** Default number of presence options on the phone. privacyIDEA's 3 let blind tapping succeed too often. */
export const defaultOptions = 10;
/** Default number of digits of a code that the phone shows. privacyIDEA has 2. */
export const defaultDigits = 6;
/** With this many options or more, a user may pick wrongly once. */
export const manyOptions = 10;

const standard = 'NIST SP 800-63B-4, 3.1.3';
/** The 20 bits that the standard asks for, in decimal digits. */
const requiredDigits = 6;

/**
 * Rates the strength of the modes that these rules choose, one line each; the first line is the mode without any rule.
 * For a rule that leaves a number out, the lowest number of all rules counts, because that rule may be the one that
 * decides.
 */
export function modesWorth(rules: readonly Rule[]): string[] {
  const chosen = rules.flatMap((rule) => worthOf(rule, rules).map((text) => `rule "${rule.name}": ${text}`));
  return [`without a matching rule: ${plain}`, ...chosen];
}

const plain = `a plain yes or no. It does not meet ${standard}: the login page and the phone share nothing, and one tap on "yes" by mistake lets a stranger in.`;

function worthOf({ actions }: Rule, rules: readonly Rule[]): string[] {
  const { push_require_presence: presence, push_code_to_phone: code, push_mode_fallback: fallback, push_wait: wait } = actions;
  const options = Math.min(
    actions.push_presence_num_options ?? lowest(rules, 'push_presence_num_options') ?? defaultOptions,
    ownOptions(actions),
  );
  const digits = actions.push_code_to_phone_digits ?? lowest(rules, 'push_code_to_phone_digits') ?? defaultDigits;
  return [
    ...(presence ? [presenceText(options)] : []),
    ...(code && !presence ? [codeText(digits)] : []),
    ...(fallback === 'confirm' ? [`phones that cannot do the chosen mode: ${plain}`] : []),
    ...(wait === undefined ? [] : [`a login with push_wait asks for ${plain}`]),
  ];
}

function presenceText(options: number): string {
  const picks = options < manyOptions ? 1 : 2;
  const chance = `a blind tap is right ${picks} ${picks === 1 ? 'time' : 'times'} in ${options}`;
  return `one of ${options} options. It does not meet ${standard}, which asks for 20 bits: ${chance}. It prevents taps by mistake.`;
}

const codeText = (digits: number): string =>
  digits < requiredDigits
    ? `a code of ${digits} digits. It does not meet ${standard}, which asks for 20 bits: name ${requiredDigits} or more.`
    : `a code of ${digits} digits. It meets ${standard}.`;

const ownOptions = ({ push_presence_options: source, push_presence_custom_options: own }: Rule['actions']): number =>
  source === 'CUSTOM' && own ? own.length : Number.POSITIVE_INFINITY;

function lowest(rules: readonly Rule[], action: 'push_presence_num_options' | 'push_code_to_phone_digits'): number | undefined {
  const values = rules.flatMap(({ actions }) => actions[action] ?? []);
  return values.length === 0 ? undefined : Math.min(...values);
}
