import { type ActionName, actions as actionTable, isActionName } from './actions/index.ts';
import { meantFor } from './never-matches.ts';
import { error, type KnownNames, type PolicyProblem, warning } from './problem.ts';
import type { Rule } from './rule.ts';

/** What a mount may serve, as rules name it. */
type Door = 'privacyidea' | 'linotp' | 'challenge-service' | 'ops';

/** Those whose requests name a user. A rule that names no dialect is meant for them. */
const ofUsers: readonly Door[] = ['privacyidea', 'linotp'];
const everywhere: readonly Door[] = ['privacyidea', 'linotp', 'challenge-service', 'ops'];
const delivery: readonly Door[] = ['privacyidea', 'linotp', 'challenge-service'];
const pi: readonly Door[] = ['privacyidea'];
const linotp: readonly Door[] = ['linotp'];

/**
 * Where each action means something. A challenge service knows the auth server, its address, the device and the time, but no user and no token. Actions
 * that change nothing anywhere are warned of apart, so they count as known everywhere.
 */
export const reach: Record<ActionName, readonly Door[]> = {
  // Who may log in, call, have tokens, and administer.
  authorized: delivery,
  api_key_required: delivery,
  ...all(ofUsers, 'tokentype', 'serial', 'disabled_token_types', 'last_auth', 'auth_max_success', 'auth_max_fail'),
  ...all(ofUsers, 'max_token_per_user', 'push_max_token_per_user', 'push_max_active_token_per_user'),
  ...all(ofUsers, 'passOnNoToken', 'passOnNoUser', 'passthru', 'otppin'),
  ...all(ofUsers, 'enrollPUSH', 'tokenlist', 'enable', 'disable', 'delete', 'reset', 'setpin', 'getchallenges'),
  ...all(pi, 'application_tokentype', 'setrealm', 'mangle', 'triggerchallenge', 'enrollEDUPUSH', 'assign', 'unassign', 'revoke'),
  ...all(pi, 'settokeninfo', 'cancelchallenge', 'set', 'setdescription', 'setrandompin', 'otp_pin_set_random', 'tokenrealms'),
  operate: ['ops', 'challenge-service', 'linotp'],
  audit_erase: ['ops'],
  auditlog: ['privacyidea', 'ops'],
  // How a push goes out, and what the phone shows.
  ...all(delivery, 'push_provider', 'push_deadline_ms', 'push_hedge_ms', 'push_validity_seconds', 'push_allow_polling'),
  push_time_sensitive: delivery,
  ...all(ofUsers, 'push_client_attributes', 'push_open_challenges', 'push_open_rang_seconds'),
  ...all(ofUsers, 'push_prompts_without_accept', 'push_prompts_window_seconds', 'push_pull_only_seconds'),
  ...all(ofUsers, 'push_prompts_known_client', 'push_prompts_rare_seconds'),
  ...all(ofUsers, 'push_not_me_disables', 'push_bare_decline_is_fraud', 'push_repeat_window'),
  push_relays_per_device: ['challenge-service'],
  ...all(ofUsers, 'push_text_on_mobile', 'push_title_on_mobile', 'push_ssl_verify', 'push_wait'),
  push_capabilities_signature: ofUsers,
  ...all(pi, 'push_decline_settles', 'push_mode_fallback', 'push_require_presence', 'push_presence_options'),
  ...all(pi, 'push_presence_custom_options', 'push_presence_num_options', 'push_code_to_phone', 'push_code_to_phone_message'),
  ...all(pi, 'push_code_to_phone_digits', 'increase_failcounter_on_challenge', 'reset_all_user_tokens'),
  ...all(linotp, 'push_without_data', 'pushtoken_pairing_callback_url', 'pushtoken_challenge_callback_url'),
  // What replies tell, and enrolment.
  ...all(pi, 'push_challenge_text', 'challenge_text', 'challenge_text_header', 'challenge_text_footer', 'preferred_client_mode'),
  ...all(pi, 'add_user_in_response', 'add_resolver_in_response', 'no_detail_on_success', 'no_detail_on_fail'),
  ...all(pi, 'hide_specific_error_message_for_ttype', 'enroll_via_multichallenge', 'enroll_via_multichallenge_text'),
  ...all(pi, 'enroll_via_multichallenge_optional', 'push_firebase_configuration', 'push_registration_url', 'push_ttl'),
  ...all(pi, 'push_use_pia_scheme', 'push_force_app_pin', 'push_app_force_unlock', 'tokenlabel', 'tokenissuer', 'appimageurl'),
  ...all(pi, 'edupush_firebase_configuration', 'edupush_registration_url', 'edupush_ttl', 'edupush_force_app_pin', 'edupush_shown_as'),
  ...all(ofUsers, 'edupush_ssl_verify', 'edupush_text_on_mobile', 'edupush_title_on_mobile', 'edupush_wait', 'edupush_allow_polling'),
  ...all(everywhere, 'force_challenge_response', 'challenge_response', 'client_mode_per_user'),
};

function all<A extends ActionName>(doors: readonly Door[], ...actions: A[]): Record<A, readonly Door[]>;
function all(doors: readonly Door[], ...actions: string[]): Record<string, readonly Door[]> {
  return Object.fromEntries(actions.map((action) => [action, doors]));
}

/** Actions that mean nothing at any mount that their rule reaches (an error), or at some of them (a warning that names those). */
export function withoutReach({ match, actions }: Rule, { mounts }: KnownNames): PolicyProblem[] {
  const meant = mounts.map((mount) => ({ ...meantFor(match, mount), door: mount.dialect })).filter(({ isMeant }) => isMeant);
  const reached = [...new Set(meant.map(({ door }) => door).filter(isDoor))];
  const isNamed = meant.some((each) => each.isNamed);
  // Where operators alone call, nobody logs in: such a file is a part of a larger whole.
  if (!isNamed && reached.every((door) => door === 'ops')) return [];
  return Object.keys(actions)
    .filter(isActionName)
    .flatMap((action) => {
      const lacking = reached.filter((door) => !acts(action, door, match));
      if (lacking.length === reached.length) {
        const tell = isOfAdmins(action) ? warning : error;
        return [
          tell(
            ['actions', action],
            `has no effect at mounts that serve ${listed(reached)}, only at ${listed(everywhere.filter((door) => acts(action, door, match)))}`,
          ),
        ];
      }
      const missed = lacking.filter((door) => (isNamed && door !== 'ops') || (isOfUsers(action) && ofUsers.includes(door)));
      return missed.length === 0 ? [] : [warning(['actions', action], `has no effect at mounts that serve ${listed(missed)}`)];
    });
}

/** Whether an action acts at a mount for the requests that its rule is for: a challenge service is told of no user and no token. */
const acts = (action: ActionName, door: Door, { user, realm, resolver, tokenType }: Rule['match']): boolean =>
  reach[action].includes(door) && !(door === 'challenge-service' && !isOfAdmins(action) && (user ?? realm ?? resolver ?? tokenType));

/** A right of administrators that no mount asks for does no harm: files of rules may be for several gateways. */
const isOfAdmins = (action: ActionName): boolean => actionTable[action].scopes.some((scope) => scope === 'admin');

/** Whether a mount that names users could know it; a right of administrators is one of the calls that there are. */
const isOfUsers = (action: ActionName): boolean => reach[action].some((door) => ofUsers.includes(door)) && !isOfAdmins(action);

const isDoor = (name: string): name is Door => everywhere.some((door) => door === name);
const listed = (doors: readonly Door[]): string => doors.join(', ');
