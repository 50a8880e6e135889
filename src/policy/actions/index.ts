import { z } from 'zod';
import { nearestName } from '../../foundation/model/index.ts';
import { loginActions } from './logins.ts';
import { edupushActions, pushActions } from './push.ts';
import { directoryActions } from './users.ts';

/** The area in which an action applies. */
export type Scope = 'enrollment' | 'authentication' | 'authorization' | 'token' | 'admin';

/** A permission of administrators. */
const permission = {
  scopes: ['admin'],
  value: z.boolean().describe('Administrators may do it. Where rules of this scope exist, only what one of them allows.'),
} as const;

/** Every action that a rule may set: its scopes and its value type. Adopted names keep the units of their server. */
export const actions = {
  ...pushActions,
  ...directoryActions,
  ...loginActions,
  ...edupushActions,
  api_key_required: {
    scopes: ['authorization'],
    value: z
      .boolean()
      .describe('/validate/check wants an API key, a signature or a JWT of role validate: the network alone is not enough.'),
  },
  otp_pin_set_random: {
    scopes: ['admin'],
    value: z.int().min(4).max(64).describe('How long a PIN is that /token/setrandompin makes; 8 without it.'),
  },
  operate: permission,
  audit_erase: permission,
  // The reply to an administrator's login lists the rights in this order.
  triggerchallenge: permission,
  enrollPUSH: permission,
  tokenlist: permission,
  enable: permission,
  disable: permission,
  delete: permission,
  reset: permission,
  setpin: permission,
  assign: permission,
  unassign: permission,
  revoke: permission,
  settokeninfo: permission,
  getchallenges: permission,
  cancelchallenge: permission,
  enrollEDUPUSH: permission,
  set: permission,
  setdescription: permission,
  setrandompin: permission,
  tokenrealms: permission,
  auditlog: permission,
} as const satisfies Record<string, { scopes: readonly Scope[]; value: z.ZodType }>;

/** The name of an action. */
export type ActionName = keyof typeof actions;
/** The type of an action's value. */
export type ActionValue<A extends ActionName> = z.output<(typeof actions)[A]['value']>;
/** The actions of one rule, with their values. */
export type RuleActions = { [A in ActionName]?: ActionValue<A> };
/**
 * The scope argument of an action: none when only one scope has it, required when several scopes have it with different
 * meanings.
 */
export type ScopeOf<A extends ActionName> = (typeof actions)[A]['scopes'] extends readonly [Scope]
  ? []
  : [scope: (typeof actions)[A]['scopes'][number]];
/** The name of a permission. */
export type Permission = {
  [A in ActionName]: (typeof actions)[A] extends typeof permission ? A : never;
}[ActionName];

/** Whether an action of this name exists. */
export const isActionName = (name: string): name is ActionName => Object.hasOwn(actions, name);

/** Whether an action is a permission. */
export const isPermission = (name: string): name is Permission => isActionName(name) && actions[name] === permission;

/** Every permission. */
export const permissions: readonly Permission[] = Object.keys(actions).filter(isPermission);

/** The action with the name nearest to a misspelt one; undefined when no name is near. */
export const nearestAction = (name: string): ActionName | undefined => nearestName(name, Object.keys(actions).filter(isActionName));
