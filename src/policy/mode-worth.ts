import type { Rule } from './rule.ts';

/** Options that phones show where no policy says how many. privacyIDEA has 3, with which blind tapping gets in too often. */
export const usualOptions = 10;
/** Digits of a code that a phone shows where no policy says how many. privacyIDEA has 2. */
export const usualDigits = 6;
/** From so many options on a user may be wrong once. */
export const manyOptions = 10;

const standard = 'NIST SP 800-63B-4, 3.1.3';
/** 20 bits, which the standard asks for, as decimal digits. */
const enoughDigits = 6;

/**
 * What the modes that these rules choose are worth, one line each; the first one is what holds where no rule chooses a mode. A rule that leaves a number out gets
 * the lowest one that any rule sets, since that one may decide.
 */
export function modesWorth(rules: readonly Rule[]): string[] {
  const chosen = rules.flatMap((rule) => worthOf(rule, rules).map((text) => `rule "${rule.name}": ${text}`));
  return [`where no rule says otherwise: ${plain}`, ...chosen];
}

const plain = `a plain yes or no. It does not meet ${standard}: nothing goes from the login page to the phone or back, and tapping "yes" by mistake lets anybody in.`;

function worthOf({ actions }: Rule, rules: readonly Rule[]): string[] {
  const { push_require_presence: presence, push_code_to_phone: code, push_mode_fallback: fallback, push_wait: wait } = actions;
  const options = Math.min(
    actions.push_presence_num_options ?? lowest(rules, 'push_presence_num_options') ?? usualOptions,
    ownOptions(actions),
  );
  const digits = actions.push_code_to_phone_digits ?? lowest(rules, 'push_code_to_phone_digits') ?? usualDigits;
  return [
    ...(presence ? [presenceText(options)] : []),
    ...(code && !presence ? [codeText(digits)] : []),
    ...(fallback === 'confirm' ? [`phones that cannot do what is asked: ${plain}`] : []),
    ...(wait === undefined ? [] : [`a login that waits asks for ${plain}`]),
  ];
}

function presenceText(options: number): string {
  const picks = options < manyOptions ? 1 : 2;
  const chance = `a blind tap is right ${picks} ${picks === 1 ? 'time' : 'times'} in ${options}`;
  return `one of ${options} options. It does not meet ${standard}, which asks for 20 bits: ${chance}. It stops taps by mistake.`;
}

const codeText = (digits: number): string =>
  digits < enoughDigits
    ? `a code of ${digits} digits. It does not meet ${standard}, which asks for 20 bits: name ${enoughDigits} or more.`
    : `a code of ${digits} digits. It meets ${standard}.`;

const ownOptions = ({ push_presence_options: source, push_presence_custom_options: own }: Rule['actions']): number =>
  source === 'CUSTOM' && own ? own.length : Number.POSITIVE_INFINITY;

function lowest(rules: readonly Rule[], action: 'push_presence_num_options' | 'push_code_to_phone_digits'): number | undefined {
  const values = rules.flatMap(({ actions }) => actions[action] ?? []);
  return values.length === 0 ? undefined : Math.min(...values);
}
