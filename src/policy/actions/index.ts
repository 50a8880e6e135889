import { z } from 'zod';
import { nearestName } from '../../foundation/model/index.ts';
import { edupushActions } from './edupush-actions.ts';
import { enrolmentActions } from './enrolment.ts';
import { loginActions } from './logins.ts';
import { promptActions } from './prompts.ts';
import { pushActions } from './push.ts';
import { directoryActions } from './users.ts';

/** The scopes of policies. */
export type Scope = 'enrollment' | 'authentication' | 'authorization' | 'token' | 'admin';

/**
 * One action: its scopes, the schema of its value (with description and, if none can be derived, an example), and the
 * effect when no rule sets it (a value or a phrase). `permits`: it gives administrators a right.
 */
type Action = { scopes: readonly Scope[]; value: z.ZodType; unset: string; permits?: true };

/** A right of administrators. `does` names the permitted act as a phrase. */
const permission = (does: string) =>
  ({
    scopes: ['admin'],
    value: z.boolean().meta({ description: `Administrators may ${does}.`, examples: [true] }),
    unset: 'allowed while no rule of scope admin exists, else refused',
    permits: true,
  }) as const satisfies Action;

/** Every action that a rule may set. Adopted names keep their server's units. */
export const actions = {
  ...enrolmentActions,
  ...pushActions,
  ...promptActions,
  ...directoryActions,
  ...loginActions,
  ...edupushActions,
  api_key_required: {
    scopes: ['authorization'],
    value: z
      .boolean()
      .describe('/validate/check needs an API key, a signed request or a JWT of role validate. A known network alone is refused.'),
    unset: 'false',
  },
  otp_pin_set_random: {
    scopes: ['admin'],
    value: z
      .int()
      .min(4)
      .max(64)
      .meta({ description: 'How many characters a PIN from /token/setrandompin has.', examples: [8] }),
    unset: '8',
  },
  operate: permission('use the ops mount, change devices of challenge-service mounts, and read settings and providers at LinOTP mounts'),
  audit_erase: permission('erase a person from the audit'),
  // In the order in which administrators see their rights.
  triggerchallenge: permission('start a login without a PIN (/validate/triggerchallenge)'),
  enrollPUSH: permission('enrol push tokens'),
  tokenlist: permission('list push tokens'),
  enable: permission('enable push tokens'),
  disable: permission('disable push tokens'),
  delete: permission('delete push tokens'),
  reset: permission('clear the fail count of push tokens'),
  setpin: permission('set the PIN of push tokens'),
  assign: permission('assign push tokens to users'),
  unassign: permission('unassign push tokens'),
  revoke: permission('revoke push tokens for good'),
  settokeninfo: permission('change the token info of push tokens'),
  getchallenges: permission('list open challenges'),
  cancelchallenge: permission('cancel open challenges'),
  enrollEDUPUSH: permission('enrol edupush tokens'),
  set: permission('change limits, description and validity period of push tokens (/token/set)'),
  setdescription: permission('change the description of push tokens'),
  setrandompin: permission('give push tokens a random PIN'),
  tokenrealms: permission('change the realms of push tokens'),
  auditlog: permission('read the audit'),
} as const satisfies Record<string, Action>;

/** The name of an action. */
export type ActionName = keyof typeof actions;
/** The type of an action's value. */
export type ActionValue<A extends ActionName> = z.output<(typeof actions)[A]['value']>;
/** The actions of one rule. */
export type RuleActions = { [A in ActionName]?: ActionValue<A> };
/** The further arguments that select an action's value: its scope, if its meaning depends on the scope. */
export type ScopeOf<A extends ActionName> = (typeof actions)[A]['scopes'] extends readonly [Scope]
  ? []
  : [scope: (typeof actions)[A]['scopes'][number]];
/** An action that gives administrators a right. */
export type Permission = {
  [A in ActionName]: (typeof actions)[A] extends { permits: true } ? A : never;
}[ActionName];

/** Whether there is an action of this name. */
export const isActionName = (name: string): name is ActionName => Object.hasOwn(actions, name);

/** Whether an action gives administrators a right. */
export const isPermission = (name: string): name is Permission => isActionName(name) && 'permits' in actions[name];

/** Every action that gives administrators a right. */
export const permissions: readonly Permission[] = Object.keys(actions).filter(isPermission);

/** The action with the nearest name to a misspelt one; undefined if none is near. */
export const nearestAction = (name: string): ActionName | undefined => nearestName(name, Object.keys(actions).filter(isActionName));
