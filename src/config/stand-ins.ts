import type { z } from 'zod';
import { Secret } from '../foundation/settings/index.ts';
import { mountConfig } from './mounts.ts';
import type { Config, configSchemaOf } from './schema.ts';

type Draft = Record<string, unknown>;
type Issue = Pick<z.core.$ZodIssue, 'path'>;

const elsewhere = { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'ops' }] };
const required: Draft = { listeners: [elsewhere], store: { kind: 'embedded', path: '-' }, keyring: { $file: '-' } };

/** Stand-ins for refused elements of lists: only the name stays, and the valid mounts of a listener. */
const standIns: Readonly<Record<string, (name: unknown, refused: Draft) => Draft>> = {
  listeners: (_name, { mounts }) => ({
    ...elsewhere,
    mounts: Array.isArray(mounts) && mounts.length > 0 ? mounts.map(goodMount) : elsewhere.mounts,
  }),
  authServers: (name) => ({ name, networks: ['127.0.0.1/32'], mounts: [] }),
  trustedJwts: () => ({ publicKey: new Secret(''), algorithm: 'ES256', role: 'admin', username: '-' }),
  keycloaks: (name) => ({ name, issuer: 'https://stand-in.invalid/realms/x' }),
  realms: (name) => ({ name }),
  userSources: (name) => ({ name, kind: 'file', config: { file: '-' } }),
  radiusServers: (name) => ({ name, servers: '-', secret: new Secret('-') }),
  providers: (name) => ({ name, kind: 'poll-only', config: {} }),
  policies: (name) => ({ name, match: { user: ['nobody'] }, actions: { push_ttl: 1 } }),
};

const goodMount = (mount: unknown, index: number): unknown =>
  mountConfig.safeParse(mount).success ? mount : { path: `/stand-in-${index}`, serves: 'ops' };

/**
 * The usable part of a refused configuration. A stand-in with the same name replaces every refused part, so that the
 * other parts can be checked and every problem keeps its place. Undefined if even that is impossible.
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

/** Whether a problem lies in a stand-in or refers to one, and so may be false. Names and valid mounts are real. */
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
