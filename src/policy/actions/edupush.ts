import type { Facts } from '../facts.ts';
import { type ActionName, isActionName } from './index.ts';

const spelling = 'edupush_';
/** The type of eduMFA's own push token. */
const edupush = 'edupush';

/** Whether a request is about eduMFA's own push token. */
export const isForEdupush = ({ tokenType }: Facts): boolean => tokenType === edupush;

/** Whether an action is an `edupush_x`. */
export const isEdupushSpelling = (action: ActionName): boolean => action.startsWith(spelling);

/** The `edupush_x` that overrides `push_x` for edupush tokens; undefined if there is none. */
export function edupushSpelling(action: ActionName): ActionName | undefined {
  const name = action.replace(/^push_/, spelling);
  return name !== action && isActionName(name) ? name : undefined;
}

/** Translates a rule's `edupush_x` actions to the names that callers ask for: `edupush_wait` becomes `push_wait`. */
export function edupushValues(actions: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(actions)) if (name.startsWith(spelling)) said[name.replace(spelling, 'push_')] = value;
  return said;
}
