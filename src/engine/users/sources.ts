import { resolve } from 'node:path';
import { z } from 'zod';
import type { Clock, Tell } from '../../foundation/model/index.ts';
import { readAuthorities, type SettingProblem, settingProblemsOf } from '../../foundation/settings/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import { outsideSpan } from '../../foundation/telemetry/spans.ts';
import { fileSource } from './file/source.ts';
import { ldapSource } from './ldap/source.ts';
import { openSourceWatch } from './source-watch.ts';
import type { SourceHost, UserSource, WithoutSlot } from './user-source.ts';

const entry = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .meta({ description: 'Name of the source, as realms use it. Auth servers know it as the resolver.', examples: ['ad-corp'] }),
});
const entryOf = <Kind extends string, Config extends z.ZodType>(kind: Kind, config: Config) =>
  entry.extend({
    kind: z.literal(kind).describe('Kind of user source (docs/users.md).'),
    config: config.describe(`Settings of a source of kind ${kind}.`),
  });

/** One source of users in the configuration file. */
export const userSourceConfig = z.discriminatedUnion('kind', [entryOf('file', fileSource.config), entryOf('ldap', ldapSource.config)], {
  error: (issue) => (issue.code === 'invalid_union' ? 'unknown kind of source; kinds are file, ldap' : undefined),
});

/** A checked source of the configuration file. */
export type UserSourceEntry = z.output<typeof userSourceConfig>;

/** What sources are opened with. */
export type SourceSurroundings = {
  /** Relative paths of their configs start here. */
  folder: string;
  clock: Clock;
  log: Log;
  tell?: Tell | undefined;
  /** Receives every file to watch for them. */
  onFile?: ((file: string) => void) | undefined;
  /** With metrics, each source is watched. */
  metrics?: Metrics | undefined;
  /** Wraps questions to another machine; a file source does not need it. */
  withoutSlot?: WithoutSlot | undefined;
};

/** Opens one source, without connecting. Throws `config-invalid` when a file that it names cannot be used. */
export function openUserSource(entry: UserSourceEntry, surroundings: SourceSurroundings): UserSource {
  const { failed, around } = openSourceWatch(surroundings.metrics, entry);
  const source = around(sourceOf(entry, { ...hostOf(entry, surroundings), failed }));
  return traced(entry, entry.kind === 'file' ? source : askedWithoutSlot(source, surroundings.withoutSlot));
}

function askedWithoutSlot(source: UserSource, withoutSlot: WithoutSlot = (work) => work()): UserSource {
  return {
    ...source,
    find: (user) => withoutSlot(() => source.find(user)),
    checkPassword: (user, password) => withoutSlot(() => source.checkPassword(user, password)),
  };
}

/** Wraps a source so that each answer is a span of its request. */
function traced({ name, kind }: UserSourceEntry, source: UserSource): UserSource {
  const attributes = () => ({ 'pushgate.user_source': name, 'pushgate.user_source.kind': kind });
  return {
    ...source,
    find: (user) =>
      outsideSpan('user source find', attributes, async (noting) => {
        const found = await source.find(user);
        if (found.kind === 'unavailable' || found.kind === 'ambiguous') noting.failed(found.kind);
        return found;
      }),
    checkPassword: (user, password) =>
      outsideSpan('user source password', attributes, async (noting) => {
        const verdict = await source.checkPassword(user, password);
        if (verdict === 'unavailable') noting.failed(verdict);
        return verdict;
      }),
  };
}

function sourceOf(entry: UserSourceEntry, host: SourceHost): UserSource {
  switch (entry.kind) {
    case 'file':
      return fileSource.open(entry.config, host);
    case 'ldap':
      return ldapSource.open(entry.config, host);
    default:
      return entry satisfies never;
  }
}

function hostOf(
  { name }: UserSourceEntry,
  { folder, clock, log, tell = () => undefined, onFile = () => undefined }: SourceSurroundings,
): Omit<SourceHost, 'failed'> {
  const path = (file: string): string => resolve(folder, file);
  const authorities = (file: string): string => {
    onFile(path(file));
    return readAuthorities(path(file));
  };
  return { name, path, authorities, clock, log: log.child({ userSource: name }), tell };
}

/**
 * Opens and closes every source whose entry the schema accepts, to find files that cannot be used. `path` begins with
 * the entry's index.
 */
export async function tryUserSources(
  entries: readonly unknown[],
  surroundings: SourceSurroundings,
): Promise<{ path: PropertyKey[]; message: string; level: 'error' }[]> {
  const found = await Promise.all(
    entries.map(async (raw, index) => {
      const parsed = userSourceConfig.safeParse(raw);
      const problems = parsed.success ? await problemsOf(parsed.data, surroundings) : [];
      return problems.map(({ path, message }) => ({ path: [index, 'config', ...path], message, level: 'error' as const }));
    }),
  );
  return found.flat();
}

async function problemsOf(entry: UserSourceEntry, surroundings: SourceSurroundings): Promise<readonly SettingProblem[]> {
  try {
    await openUserSource(entry, surroundings).close();
    return [];
  } catch (error) {
    return settingProblemsOf(error);
  }
}
