import type { z } from 'zod';
import { Secret } from '../foundation/model/index.ts';
import type { Config, configSchemaOf } from './schema.ts';

type Draft = Record<string, unknown>;
type Issue = Pick<z.core.$ZodIssue, 'path'>;

const elsewhere = { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'ops' }] };
const required: Draft = { listeners: [elsewhere], store: { kind: 'embedded', path: '-' }, keyring: { $file: '-' } };

/** What takes the place of one element of a list that its schema refused: nothing but its name is left. */
const standIns: Readonly<Record<string, (name: unknown) => Draft>> = {
  listeners: () => elsewhere,
  authServers: (name) => ({ name, networks: ['127.0.0.1/32'], mounts: [] }),
  realms: (name) => ({ name }),
  userSources: (name) => ({ name, kind: 'file', config: { file: '-' } }),
  radiusServers: (name) => ({ name, servers: '-', secret: new Secret('-') }),
  providers: (name) => ({ name, kind: 'poll-only', config: {} }),
  policies: (name) => ({ name, match: { user: ['nobody'] }, actions: { push_ttl: 1 } }),
};

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
    list[index] = standIn(typeof refused === 'object' && refused !== null && 'name' in refused ? refused.name : `number ${index}`);
  } else delete draft[String(key)];
}

/** Whether a problem lies in, or speaks of, a part that was stood in for: then it may be none. */
export function speaksOfStandIn(path: readonly PropertyKey[], issues: readonly Issue[]): boolean {
  const within = issues.some((issue) => issue.path.slice(0, 2).every((key, place) => key === path[place]));
  const hasStrayMounts = issues.some(({ path: [key] }) => key === 'listeners');
  return within || (hasStrayMounts && (path.includes('mounts') || path.includes('dialect')));
}
