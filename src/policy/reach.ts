import { type ActionName, actions as actionTable, isActionName } from './actions/index.ts';
import { meantFor } from './never-matches.ts';
import { error, type KnownNames, type PolicyProblem, warning } from './problem.ts';
import type { Rule } from './rule.ts';

/** What a mount may serve. */
type Dialect = 'privacyidea' | 'linotp' | 'challenge-service' | 'rest' | 'keycloak-ciba' | 'ops';

/** The dialects whose requests name a user. A rule without a dialect is meant for them. */
const userDialects: readonly Dialect[] = ['privacyidea', 'linotp', 'rest', 'keycloak-ciba'];
const pinDialects: readonly Dialect[] = ['privacyidea', 'linotp'];
/** The dialects that make and manage push tokens. */
const tokenDialects: readonly Dialect[] = ['privacyidea', 'linotp', 'rest'];
/** Mounts for the privacyIDEA app, which has every mode. */
const appDialects: readonly Dialect[] = ['privacyidea', 'rest'];
const approvalDialects: readonly Dialect[] = [...appDialects, 'keycloak-ciba'];
const everywhere: readonly Dialect[] = ['privacyidea', 'linotp', 'challenge-service', 'rest', 'keycloak-ciba', 'ops'];
const delivery: readonly Dialect[] = ['privacyidea', 'linotp', 'challenge-service', 'rest', 'keycloak-ciba'];
const pi: readonly Dialect[] = ['privacyidea'];
const linotp: readonly Dialect[] = ['linotp'];

/**
 * The dialects in which each action applies. A challenge service knows the auth server, its address, the device and the
 * time, but no user and no token. Actions without any effect count as known everywhere, because they get a warning of
 * their own.
 */
export const reach: Record<ActionName, readonly Dialect[]> = {
  // Who may log in, call, own tokens, and administer.
  authorized: delivery,
  api_key_required: delivery,
  ...all(userDialects, 'tokentype', 'serial', 'disabled_token_types', 'last_auth', 'auth_max_success', 'auth_max_fail'),
  ...all(tokenDialects, 'max_token_per_user', 'push_max_token_per_user', 'push_max_active_token_per_user'),
  ...all(pinDialects, 'passOnNoToken', 'passOnNoUser', 'passthru', 'otppin'),
  ...all(tokenDialects, 'enrollPUSH', 'tokenlist', 'enable', 'disable', 'delete', 'reset', 'setpin'),
  getchallenges: pinDialects,
  ...all(pi, 'application_tokentype', 'setrealm', 'mangle', 'triggerchallenge', 'enrollEDUPUSH', 'assign', 'unassign', 'revoke'),
  ...all(pi, 'settokeninfo', 'cancelchallenge', 'set', 'setdescription', 'setrandompin', 'otp_pin_set_random', 'tokenrealms'),
  operate: ['ops', 'challenge-service', 'linotp', 'rest'],
  audit_erase: ['ops', 'rest'],
  auditlog: ['privacyidea', 'ops', 'rest'],
  // How a push is delivered, and what the phone shows.
  ...all(delivery, 'push_provider', 'push_deadline_ms', 'push_hedge_ms', 'push_validity_seconds', 'push_allow_polling'),
  push_time_sensitive: delivery,
  ...all(userDialects, 'push_client_attributes', 'push_open_challenges', 'push_open_rang_seconds'),
  ...all(userDialects, 'push_prompts_without_accept', 'push_prompts_window_seconds', 'push_pull_only_seconds'),
  ...all(userDialects, 'push_prompts_known_client', 'push_prompts_rare_seconds'),
  ...all(userDialects, 'push_not_me_disables', 'push_bare_decline_is_fraud', 'push_repeat_window'),
  push_relays_per_device: ['challenge-service', 'rest'],
  ...all(userDialects, 'push_text_on_mobile', 'push_title_on_mobile', 'push_ssl_verify'),
  push_wait: pinDialects,
  push_capabilities_signature: userDialects,
  ...all(approvalDialects, 'push_decline_settles', 'push_presence_num_options'),
  push_code_to_phone_digits: appDialects,
  ...all(pi, 'push_mode_fallback', 'push_require_presence', 'push_presence_options', 'push_presence_custom_options'),
  ...all(pi, 'push_code_to_phone', 'push_code_to_phone_message', 'increase_failcounter_on_challenge', 'reset_all_user_tokens'),
  ...all(linotp, 'push_without_data', 'pushtoken_pairing_callback_url', 'pushtoken_challenge_callback_url'),
  // The content of replies, and enrolment.
  ...all(pi, 'push_challenge_text', 'challenge_text', 'challenge_text_header', 'challenge_text_footer', 'preferred_client_mode'),
  ...all(pi, 'add_user_in_response', 'add_resolver_in_response', 'no_detail_on_success', 'no_detail_on_fail'),
  ...all(pi, 'hide_specific_error_message_for_ttype', 'enroll_via_multichallenge', 'enroll_via_multichallenge_text'),
  ...all(pi, 'enroll_via_multichallenge_optional'),
  ...all(appDialects, 'push_firebase_configuration', 'push_registration_url', 'push_ttl', 'push_use_pia_scheme'),
  ...all(appDialects, 'push_force_app_pin', 'push_app_force_unlock', 'tokenlabel', 'tokenissuer', 'appimageurl'),
  ...all(pi, 'edupush_firebase_configuration', 'edupush_registration_url', 'edupush_ttl', 'edupush_force_app_pin', 'edupush_shown_as'),
  ...all(userDialects, 'edupush_ssl_verify', 'edupush_text_on_mobile', 'edupush_title_on_mobile', 'edupush_allow_polling'),
  edupush_wait: pinDialects,
  ...all(everywhere, 'force_challenge_response', 'challenge_response', 'client_mode_per_user'),
};

function all<A extends ActionName>(dialects: readonly Dialect[], ...actions: A[]): Record<A, readonly Dialect[]>;
function all(dialects: readonly Dialect[], ...actions: string[]): Record<string, readonly Dialect[]> {
  return Object.fromEntries(actions.map((action) => [action, dialects]));
}

/**
 * Finds actions without effect at every mount of their rule (an error), or at some of those mounts (a warning that
 * names them).
 */
export function withoutReach({ match, actions }: Rule, { mounts }: KnownNames): PolicyProblem[] {
  const meant = mounts.map((mount) => ({ ...meantFor(match, mount), dialect: mount.dialect })).filter(({ isMeant }) => isMeant);
  const reached = [...new Set(meant.map(({ dialect }) => dialect).filter(isDialect))];
  const isNamed = meant.some((each) => each.isNamed);
  // A configuration with only ops mounts has no logins: it is one part of a larger installation.
  if (!isNamed && reached.every((dialect) => dialect === 'ops')) return [];
  return Object.keys(actions)
    .filter(isActionName)
    .flatMap((action) => {
      const lacking = reached.filter((dialect) => !acts(action, dialect, match));
      if (lacking.length === reached.length) {
        const problem = isAdminRight(action) ? warning : error;
        return [
          problem(
            ['actions', action],
            `has no effect at mounts that serve ${listed(reached)}, only at ${listed(everywhere.filter((dialect) => acts(action, dialect, match)))}`,
          ),
        ];
      }
      const missed = lacking.filter((dialect) => (isNamed && dialect !== 'ops') || (needsUser(action) && logsUsersIn(dialect)));
      return missed.length === 0 ? [] : [warning(['actions', action], `has no effect at mounts that serve ${listed(missed)}`)];
    });
}

/**
 * Whether an action applies at a mount to the requests of its rule. Requests to a challenge service have no user and no
 * token.
 */
const acts = (action: ActionName, dialect: Dialect, { user, realm, resolver, tokenType }: Rule['match']): boolean =>
  reach[action].includes(dialect) &&
  !(dialect === 'challenge-service' && !isAdminRight(action) && (user ?? realm ?? resolver ?? tokenType));

/** Rights of administrators that no mount uses do no harm: several gateways may share a file of rules. */
const isAdminRight = (action: ActionName): boolean => actionTable[action].scopes.some((scope) => scope === 'admin');

/**
 * Whether only mounts with users have the action. Rights of administrators do not count: not every dialect has a call
 * for each.
 */
const needsUser = (action: ActionName): boolean => reach[action].every((door) => userDialects.includes(door)) && !isAdminRight(action);

/** Keycloak only asks for approvals, so a rule about PINs or enrolment is not meant for it unless it says so. */
const logsUsersIn = (dialect: Dialect): boolean => dialect !== 'keycloak-ciba' && userDialects.includes(dialect);

const isDialect = (name: string): name is Dialect => everywhere.some((dialect) => dialect === name);
const listed = (dialects: readonly Dialect[]): string => dialects.join(', ');
