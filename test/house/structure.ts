import { dirname, join } from 'node:path/posix';

/** Sources by their path from the repository root. */
export type Sources = ReadonlyMap<string, string>;

/**
 * The floors of the house, top first. A file may import what stands on a floor below its own, and its own room; never sideways, never up.
 * A room is a folder (or a file) by its path; `*` stands for one folder whose siblings are rooms of their own.
 */
export const floors: readonly (readonly string[])[] = [
  ['src/main.ts', 'src/gateway.ts', 'src/mounts.ts'],
  ['src/cli', 'src/console'],
  ['src/config'],
  ['src/edge/dialects/*', 'src/edge/phones/*'],
  ['src/edge/formats/*'],
  ['src/edge/http'],
  ['src/edge/access'],
  ['src/engine'],
  ['src/engine/users'],
  ['src/engine/limits'],
  ['src/engine/audit'],
  ['src/policy', 'src/delivery/registry', 'src/store/embedded', 'src/store/mongodb'],
  ['providers/catalog.ts', 'src/store/store.ts'],
  ['providers/*'],
  ['src/delivery/provider-kit'],
  ['src/foundation/keyring'],
  ['src/foundation/crypto'],
  ['src/foundation/wire'],
  ['src/foundation/telemetry'],
  ['src/foundation/model'],
];

/** Rooms that stand apart: they import nothing of ours but the wire, and only the commands import them. */
const islands = ['src/virtual-phone', 'src/fakes'];
const islandImports = ['src/foundation/wire'];
const islandUsers = ['src/cli'];

/** The top floor's files make one room: they put the parts together. */
const topFloor = 'src (top)';

/** Packages that only some rooms may know. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  koa: ['src/edge'],
  '@koa/router': ['src/edge'],
  busboy: ['src/edge'],
  commander: ['src/cli'],
};

const importForms = /(?:^|[\s;}])(?:import|export)\s+(?:[^'"();]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Everything that a source imports: `from`, bare `import` and `import()`. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(importForms)].map(([, from, dynamic]) => from ?? dynamic ?? '');
}

type Place = { floor: number; room: string };

function placeOf(path: string): Place | undefined {
  let best: (Place & { depth: number }) | undefined;
  floors.forEach((rooms, floor) => {
    for (const room of rooms) {
      const pattern = new RegExp(`^(${room.replace('*', '[^/]+')})(/|$)`);
      const found = pattern.exec(path)?.[1];
      if (found && found.length > (best?.depth ?? 0)) best = { floor, room: floor === 0 ? topFloor : found, depth: found.length };
    }
  });
  return best;
}

const within = (path: string, rooms: readonly string[]): boolean => rooms.some((room) => path === room || path.startsWith(`${room}/`));

/** Every import that breaks the rules, as one line each. */
export function violations(sources: Sources): string[] {
  const lines: string[] = [];
  for (const [path, text] of sources) {
    for (const specifier of importsOf(text)) {
      const why = specifier.startsWith('.') ? whyNotFile(sources, path, specifier) : whyNotPackage(path, specifier);
      if (why) lines.push(`${path} imports ${specifier}: ${why}`);
    }
    if (!placeOf(path) && !within(path, islands)) lines.push(`${path} stands on no floor; add its room to the list, or move it`);
    if (/(^|\/)(utils?|helpers?|common)(\/|\.ts$)/.test(path)) lines.push(`${path}: a name that says nothing`);
  }
  return [...lines, ...cycles(sources)];
}

function whyNotPackage(path: string, specifier: string): string | undefined {
  const [, rooms] = Object.entries(packageRooms).find(([name]) => name === specifier) ?? [];
  return rooms && !within(path, rooms) ? `only ${rooms.join(', ')} may know this package` : undefined;
}

function whyNotFile(sources: Sources, path: string, specifier: string): string | undefined {
  if (!specifier.endsWith('.ts')) return 'a relative import ends in .ts';
  const target = join(dirname(path), specifier);
  if (!sources.has(target)) return 'there is no such source';
  if (within(path, islands))
    return within(target, [...islandImports, ...islands.filter((island) => within(path, [island]))])
      ? undefined
      : 'an island imports nothing of ours but the wire';
  if (within(target, islands)) return within(path, islandUsers) ? undefined : 'only the commands import an island';
  const [from, to] = [placeOf(path), placeOf(target)];
  if (!from || !to || from.room === to.room || from.floor < to.floor) return undefined;
  return from.floor === to.floor ? `${from.room} and ${to.room} stand side by side` : `${to.room} stands above ${from.room}`;
}

function cycles(sources: Sources): string[] {
  const graph = new Map(
    [...sources].map(([path, text]) => [
      path,
      importsOf(text)
        .filter((each) => each.startsWith('.'))
        .map((each) => join(dirname(path), each)),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void found.push(`a circle of imports: ${[...trail.slice(trail.indexOf(path)), path].join(' > ')}`);
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
