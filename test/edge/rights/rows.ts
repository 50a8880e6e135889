import { served } from '../../../src/config/mounts.ts';
import type { GuardedPattern, Method, Need, Needs } from '../../../src/edge/http/index.ts';

/** The kind of a mount. */
export type Served = keyof typeof served;

/** One method of one route, with the path of its mount. */
export type Row = GuardedPattern & { serves: Served; mount: string; method: Method; title: string };

/** The mount of each kind in these tests. */
export const mountPaths: Record<Served, string> = {
  privacyidea: '',
  linotp: '/linotp',
  'challenge-service': '/cs',
  rest: '/rest',
  'keycloak-ciba': '',
  ops: '',
};

/** Every route of a kind of mount, once for each method. */
export const rowsOf = (serves: Served): Row[] =>
  [...served[serves].callers, ...served[serves].phones].flatMap((pattern: GuardedPattern) =>
    pattern.methods.map((method) => ({
      ...pattern,
      serves,
      mount: mountPaths[serves],
      method,
      title: `${serves} ${method} ${pattern.path}`,
    })),
  );

/** Every route of every kind of mount. */
export const allRows = (): Row[] => Object.keys(mountPaths).flatMap((serves) => rowsOf(serves as Served));

/** What suffices for a row: any of these sets of needs. */
export function alternatives(needs: Needs): Need[][] {
  if (typeof needs === 'object' && 'all' in needs) return [[...needs.all]];
  return typeof needs === 'object' && 'any' in needs ? needs.any.map((need) => [need]) : [[needs]];
}

/** What a caller of these tests has. */
export type Held = { rights: readonly string[]; permissions: readonly string[] };

const rightsIn = (needs: readonly Need[]): string[] =>
  needs.flatMap((need) => (typeof need === 'object' && 'right' in need ? [need.right] : []));
const permissionsIn = (needs: readonly Need[]): string[] =>
  needs.flatMap((need) => (typeof need === 'object' && 'permission' in need ? [need.permission] : []));

/** Callers that have just enough for a row. */
export const sufficient = ({ needs }: Row): Held[] =>
  alternatives(needs).map((set) => ({ rights: rightsIn(set), permissions: permissionsIn(set) }));

/** A caller that has everything but what a row needs, and the right or permission that it is refused for. */
export type Lacking = Held & { lacks: { right: string } | { permission: string } };

/** Callers that lack one of the needs of a row; where several needs would suffice, they lack all of them. */
export function lacking({ needs }: Row, everything: Held): Lacking[] {
  const sets = alternatives(needs);
  const listed = sets.flat();
  const isOneOf = sets.length > 1;
  const without = (all: readonly string[], out: readonly string[]): string[] => all.filter((name) => !out.includes(name));
  const [rights, permissions] = [rightsIn(listed), permissionsIn(listed)];
  return [
    ...rights.map((right) => ({
      rights: without(everything.rights, isOneOf ? rights : [right]),
      permissions: isOneOf || permissions.length === 0 ? [] : everything.permissions,
      lacks: { right },
    })),
    ...permissions.map((permission) => ({
      rights: isOneOf || rights.length === 0 ? [] : everything.rights,
      permissions: without(everything.permissions, isOneOf ? permissions : [permission]),
      lacks: { permission },
    })),
  ];
}
