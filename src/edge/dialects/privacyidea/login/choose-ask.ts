import { type Ask, askForPresence, askToConfirm } from '../../../../engine/index.ts';
import { defaultDigits, defaultOptions, type Facts, type Policy } from '../../../../policy/index.ts';

/** How policies have the phone ask. Presence takes precedence over the code. @see docs/protocols/privacyidea.md 11.2 */
export function chooseAsk(policy: Policy, facts: Facts): Ask {
  if (policy.value('push_require_presence', facts)) {
    const source = policy.value('push_presence_options', facts) ?? 'ALPHABETIC';
    const own = policy.value('push_presence_custom_options', facts);
    return askForPresence(
      source === 'CUSTOM' ? (own ?? 'ALPHABETIC') : source,
      policy.value('push_presence_num_options', facts) ?? defaultOptions,
    );
  }
  if (policy.value('push_code_to_phone', facts))
    return { mode: 'code', digits: policy.value('push_code_to_phone_digits', facts) ?? defaultDigits };
  return askToConfirm;
}
