import { dirname, join } from 'node:path/posix';

/** Sources by their path from the repository root. */
export type Sources = ReadonlyMap<string, string>;

/**
 * The floors of the house, top first. A file may import what stands on a floor below its own, and its own room; never sideways, never up.
 * A room is a folder (or a file) by its path, and the longest path counts; `*` stands for one folder whose siblings are rooms of their own.
 */
export const floors: readonly (readonly string[])[] = [
  ['src/main.ts'],
  ['src/cli'],
  ['src/gateway'],
  ['src/config'],
  ['src/edge/dialects/*', 'src/edge/phones/*'],
  ['src/edge/formats/*'],
  ['src/edge/http'],
  ['src/edge/access'],
  ['src/engine/index.ts'],
  ['src/engine/relay'],
  ['src/engine/challenges'],
  ['src/engine/admission'],
  ['src/engine/tokens'],
  ['src/engine/pins', 'src/engine/decisions'],
  ['src/engine/people', 'src/engine/records'],
  ['src/engine/facts.ts'],
  ['src/engine/parts.ts'],
  [
    'src/engine/phones',
    'src/engine/users',
    'src/engine/limits',
    'src/engine/outbox',
    'src/engine/background.ts',
    'src/engine/key-mutex.ts',
  ],
  ['src/engine/audit'],
  ['src/store/sealed.ts'],
  ['src/policy', 'src/delivery/registry', 'src/store/embedded', 'src/store/mongodb', 'src/store/copy.ts'],
  ['providers/catalog.ts', 'src/store/store.ts'],
  ['src/store/audit.ts', 'src/store/exchange.ts'],
  ['providers/*'],
  ['src/delivery/provider-kit'],
  ['src/foundation/settings'],
  ['src/foundation/keyring'],
  ['src/foundation/crypto'],
  ['src/foundation/wire'],
  ['src/foundation/telemetry', 'src/foundation/patterns'],
  ['src/foundation/model', 'src/foundation/cache', 'src/foundation/deadline', 'src/foundation/lazy'],
];

/** What a large room is divided into; these stand side by side, and share what stands in the room itself. */
const corridors = /^(src\/edge\/dialects\/[^/]+)\/([^/]+)\//;

/** Rooms of the list that are not there: `src/a`. */
export const missingRooms = (sources: Sources): string[] =>
  floors.flat().filter((room) => ![...sources.keys()].some((path) => patternOf(room).test(path)));

const patternOf = (room: string): RegExp => new RegExp(`^(${room.replace('*', '[^/]+')})(/|$)`);

/** Wings share floors but have no doors to one another, however high one of their rooms stands. */
const wings: Readonly<Record<string, readonly string[]>> = {
  policy: ['src/policy'],
  delivery: ['src/delivery', 'providers'],
  store: ['src/store'],
};

/** What outsiders may write: a plug-in imports its own folder and the kit, nothing else of ours. */
const plugIn = /^providers\/[^/]+\//;
const plugInImports = ['src/delivery/provider-kit'];

/** Rooms that stand apart: they import nothing of ours but the wire, and only the commands import them. */
const islands = ['src/virtual-phone', 'src/fakes'];
const islandImports = ['src/foundation/wire'];
const islandUsers = ['src/cli'];

/** Packages that only some rooms may know. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  koa: ['src/edge'],
  '@koa': ['src/edge'],
  '@fastify': ['src/edge'],
  commander: ['src/cli'],
  ldapts: ['src/engine/users'],
  bcryptjs: ['src/engine/users'],
  re2js: ['src/foundation/patterns'],
  'ipaddr.js': ['src/foundation/wire'],
  '@opentelemetry': ['src/foundation/telemetry'],
  mongodb: ['src/store/mongodb'],
  undici: ['src/foundation/wire'],
};

/** Names under which a file of ours could be reached past the rules for relative imports. */
const detour = /^(?:\/|file:|#|pushgate(?:\/|$))/;

const statement = /(?:^|[\s;}])(?:import|export)\s*(?:[^'"();]*?[\s}*]from\s*)?['"]([^'"]+)['"]/g;
const call = /\b(?:import|require)\s*\(\s*(?:\/\*[\s\S]*?\*\/\s*)?['"`]([^'"`$]+)['"`]/g;

/** Everything that a source imports: `from`, bare `import`, `import()` and `require()`. A comment is left out where it begins its line. */
export function importsOf(text: string): string[] {
  const code = text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/^[ \t]*\/\/.*$/gm, '');
  return [...code.matchAll(statement), ...code.matchAll(call)].map(([, specifier]) => specifier ?? '');
}

type Place = { floor: number; room: string };

function placeOf(path: string): Place | undefined {
  let best: (Place & { depth: number }) | undefined;
  floors.forEach((rooms, floor) => {
    for (const room of rooms) {
      const found = patternOf(room).exec(path)?.[1];
      if (found && found.length > (best?.depth ?? 0)) best = { floor, room: found, depth: found.length };
    }
  });
  return best;
}

const within = (path: string, rooms: readonly string[]): boolean => rooms.some((room) => path === room || path.startsWith(`${room}/`));
const wingOf = (path: string): string | undefined => Object.entries(wings).find(([, rooms]) => within(path, rooms))?.[0];

/** Every import that breaks the rules, as one line each: `src/a/b.ts imports src/c/d.ts: a may not import c, …`. */
export function violations(sources: Sources): string[] {
  const lines: string[] = [];
  for (const [path, text] of sources) {
    for (const specifier of importsOf(text)) {
      const isFile = specifier.startsWith('.');
      const target = isFile ? join(dirname(path), specifier) : specifier;
      const why = isFile ? whyNotFile(sources, path, target) : whyNotPackage(path, specifier);
      if (why) lines.push(`${path} imports ${target}: ${why}`);
    }
    if (!placeOf(path) && !within(path, islands)) lines.push(`${path} stands on no floor; add its room to the list, or move it`);
    if (/(^|\/)(utils?|helpers?|common)(\/|\.ts$)/.test(path)) lines.push(`${path}: a name that says nothing`);
  }
  return [...lines, ...cycles(sources)];
}

function whyNotPackage(path: string, specifier: string): string | undefined {
  if (detour.test(specifier)) return 'a file of ours is imported by a relative path';
  const [, rooms] = Object.entries(packageRooms).find(([name]) => within(specifier, [name])) ?? [];
  return rooms && !within(path, rooms) ? `only ${rooms.join(', ')} may know this package` : undefined;
}

function whyNotFile(sources: Sources, path: string, target: string): string | undefined {
  if (!target.endsWith('.ts')) return 'a relative import ends in .ts';
  if (!sources.has(target)) return 'there is no such file in src/ and providers/';
  const island = islands.find((each) => within(path, [each]));
  if (island) return within(target, [island, ...islandImports]) ? undefined : 'an island imports nothing of ours but the wire';
  if (within(target, islands)) return within(path, islandUsers) ? undefined : 'only the commands import an island';
  const folder = plugIn.exec(path)?.[0];
  if (folder && !target.startsWith(folder) && !within(target, plugInImports))
    return 'a provider imports its own folder and the provider-kit only; providers stand side by side';
  return whyNotDown(path, target);
}

function whyNotDown(path: string, target: string): string | undefined {
  const [from, to] = [placeOf(path), placeOf(target)];
  const [, room, part] = corridors.exec(path) ?? [];
  const [, otherRoom, otherPart] = corridors.exec(target) ?? [];
  if (room && room === otherRoom && part !== otherPart)
    return `${room}/${part} may not import ${room}/${otherPart}, they stand side by side`;
  if (!from || !to || from.room === to.room) return undefined;
  const mayNot = `${from.room} may not import ${to.room}`;
  const [wing, other] = [wingOf(path), wingOf(target)];
  if (wing && other && wing !== other) return `${mayNot}, ${wing} and ${other} stand side by side`;
  if (from.floor === to.floor) return `${mayNot}, they stand side by side`;
  return from.floor > to.floor ? `${mayNot}, which stands above it` : undefined;
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
