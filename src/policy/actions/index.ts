import { z } from 'zod';
import { nearestName } from '../../foundation/model/index.ts';
import { loginActions } from './logins.ts';
import { edupushActions, pushActions } from './push.ts';
import { directoryActions } from './users.ts';

/** Where an action means something. */
export type Scope = 'enrollment' | 'authentication' | 'authorization' | 'token' | 'admin';

/** What an administrator may do or not. */
const permission = {
  scopes: ['admin'],
  value: z.boolean().describe('Administrators may do it. Where rules of this scope exist, only what one of them allows.'),
} as const;

/** Every action that a rule may set: the scopes that know it, and the type of its value. Adopted names keep their server's units. */
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
  // In the order in which administrators are told their rights.
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
/** What one rule says. */
export type RuleActions = { [A in ActionName]?: ActionValue<A> };
/** What else has to be said to ask for an action: its scope, where it means one thing in one scope and another in the other. */
export type ScopeOf<A extends ActionName> = (typeof actions)[A]['scopes'] extends readonly [Scope]
  ? []
  : [scope: (typeof actions)[A]['scopes'][number]];
/** An action that permits. */
export type Permission = {
  [A in ActionName]: (typeof actions)[A] extends typeof permission ? A : never;
}[ActionName];

/** Whether there is an action of this name. */
export const isActionName = (name: string): name is ActionName => Object.hasOwn(actions, name);

/** Whether an action permits something. */
export const isPermission = (name: string): name is Permission => isActionName(name) && actions[name] === permission;

/** Every action that permits something. */
export const permissions: readonly Permission[] = Object.keys(actions).filter(isPermission);

/** The action whose name is nearest to a misspelt one; undefined when none is near. */
export const nearestAction = (name: string): ActionName | undefined => nearestName(name, Object.keys(actions).filter(isActionName));
