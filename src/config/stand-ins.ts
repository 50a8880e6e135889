import type { z } from 'zod';
import { Secret } from '../foundation/settings/index.ts';
import { mountConfig } from './mounts.ts';
import type { Config, configSchemaOf } from './schema.ts';

type Draft = Record<string, unknown>;
type Issue = Pick<z.core.$ZodIssue, 'path'>;

const elsewhere = { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'ops' }] };
const required: Draft = { listeners: [elsewhere], store: { kind: 'embedded', path: '-' }, keyring: { $file: '-' } };

/** What takes the place of one element of a list that its schema refused: nothing but its name is left, and of a listener its good mounts. */
const standIns: Readonly<Record<string, (name: unknown, refused: Draft) => Draft>> = {
  listeners: (_name, { mounts }) => ({
    ...elsewhere,
    mounts: Array.isArray(mounts) && mounts.length > 0 ? mounts.map(goodMount) : elsewhere.mounts,
  }),
  authServers: (name) => ({ name, networks: ['127.0.0.1/32'], mounts: [] }),
  trustedJwts: () => ({ publicKey: new Secret(''), algorithm: 'ES256', role: 'admin', username: '-' }),
  realms: (name) => ({ name }),
  userSources: (name) => ({ name, kind: 'file', config: { file: '-' } }),
  radiusServers: (name) => ({ name, servers: '-', secret: new Secret('-') }),
  providers: (name) => ({ name, kind: 'poll-only', config: {} }),
  policies: (name) => ({ name, match: { user: ['nobody'] }, actions: { push_ttl: 1 } }),
};

const goodMount = (mount: unknown, index: number): unknown =>
  mountConfig.safeParse(mount).success ? mount : { path: `/stand-in-${index}`, serves: 'ops' };

/**
 * As much of a refused configuration as can be understood: every refused part is stood in for by its name, so that what other parts say
 * can be checked all the same, and every problem keeps its place. Undefined where not even that is possible.
 */
export function understood(raw: unknown, issues: readonly Issue[], schema: ReturnType<typeof configSchemaOf>): Config | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const draft: Draft = Object.fromEntries(
    Object.entries(raw)
      .filter(([key]) => Object.hasOwn(schema.shape, key))
      .map(([key, value]) => [key, Array.isArray(value) ? [...value] : value]),
  );
  for (const { path } of issues) standInFor(draft, path);
  return schema.safeParse({ ...required, ...draft }).data;
}

function standInFor(draft: Draft, [key, index]: readonly PropertyKey[]): void {
  if (key === undefined) return;
  const list = draft[String(key)];
  const standIn = standIns[String(key)];
  if (Array.isArray(list) && standIn && typeof index === 'number') {
    const refused: unknown = list[index];
    const fields: Draft = typeof refused === 'object' && refused !== null ? Object.fromEntries(Object.entries(refused)) : {};
    list[index] = standIn(fields.name ?? `number ${index}`, fields);
  } else delete draft[String(key)];
}

/** Whether a problem lies in, or speaks of, what was stood in for: then it may be none. Names and good mounts are as they were. */
export function speaksOfStandIn(path: readonly PropertyKey[], issues: readonly Issue[]): boolean {
  const [key, index, field, place] = path;
  const inside = issues.filter((issue) => issue.path[0] === key && issue.path[1] === index);
  if (inside.length > 0) {
    const isKept = field === 'name' || (key === 'listeners' && field === 'mounts');
    return !isKept || inside.some((issue) => issue.path[2] === field && (place === undefined || issue.path[3] === place));
  }
  const isStray = (part: string): boolean => issues.some((issue) => issue.path[0] === part);
  return (isStray('listeners') && (path.includes('mounts') || path.includes('dialect'))) || (isStray('store') && path.includes('workers'));
}
