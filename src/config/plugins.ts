import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { kindNames, loadKinds } from '../../providers/catalog.ts';
import { kit, type ProviderDefinition, readOutside } from '../delivery/provider-kit/index.ts';
import { ok, type Result, record, refused, systemCode } from '../foundation/model/index.ts';
import type { Problem } from './problem.ts';

/** The outside plug-ins of a configuration. */
export const pluginsConfig = z
  .array(z.string().min(1))
  .default([])
  .meta({
    description:
      'Plug-ins with providers of your own: the path of a JavaScript file, or the name of a package that is installed beside this file.',
    examples: [['./providers/pager.mjs']],
  });

/** The kinds of provider that a configuration uses: built-in ones and plug-ins. */
export type Catalog = readonly ProviderDefinition[];

/**
 * Loads the kinds of provider that a configuration names and runs its plug-ins; the rest is checked afterwards. `raw`
 * is the whole file as JSON, `folder` its folder. Node caches loaded modules: a changed plug-in takes effect at the
 * next start.
 */
export async function loadPlugins(raw: unknown, folder: string): Promise<{ catalog: Catalog; problems: Problem[] }> {
  const names = z.object({ plugins: pluginsConfig }).safeParse(raw).data?.plugins ?? [];
  const catalog: ProviderDefinition[] = await loadKinds(wantedKinds(raw));
  const problems: Problem[] = [];
  for (const [index, name] of names.entries()) {
    const read = await loadOne(name, folder, catalog);
    if (read.ok) catalog.push(read.value);
    else
      problems.push(...read.error.map((message): Problem => ({ path: ['plugins', index], message: `${name} ${message}`, level: 'error' })));
  }
  return { catalog, problems };
}

const usedKinds = z.object({ providers: z.array(z.object({ kind: z.string() })) });

/** `poll-only` is always loaded. For an unknown kind all are loaded, because the message lists the existing kinds. */
function wantedKinds(raw: unknown): readonly string[] | undefined {
  const used = usedKinds.safeParse(raw).data?.providers.map(({ kind }) => kind) ?? [];
  return used.every((kind) => kindNames.includes(kind)) ? ['poll-only', ...used] : undefined;
}

async function loadOne(name: string, folder: string, catalog: Catalog): Promise<Result<ProviderDefinition, string[]>> {
  const ofPlugins = catalog.flatMap(({ kind, aliases = [] }) => [kind, ...aliases]);
  const plugin = await defaultExportOf(name, folder);
  if (!plugin.ok) return refused([plugin.error]);
  if (typeof plugin.value !== 'function')
    return refused(['has no function as its default export; it is (kit) => kit.defineProvider({ … })']);
  try {
    return readOutside(plugin.value(kit), [...kindNames, ...ofPlugins]);
  } catch (error) {
    return refused([`failed with ${messageOf(error)}`]);
  }
}

async function defaultExportOf(name: string, folder: string): Promise<Result<unknown, string>> {
  try {
    const file = /^(\.{0,2}\/|[A-Za-z]:)/.test(name) ? resolve(folder, name) : createRequire(join(folder, 'config.json')).resolve(name);
    const { default: value }: { default?: unknown } = await import(pathToFileURL(file).href);
    return ok(value);
  } catch (error) {
    const hint = /NOT_FOUND$/.test(systemCode(error)) ? '; name a file, or install the package beside this configuration' : '';
    return refused(`cannot be loaded (${messageOf(error)})${hint}`);
  }
}

/** The first line: the rest lists the files that required it. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/**
 * The configuration with a stand-in for every provider whose plug-in failed to check its settings. The schema of an
 * outside plug-in may throw, and must not hide other problems. Adds a sentence for each to `problems`.
 */
export function withoutThrowing(raw: unknown, catalog: Catalog, problems: Problem[]): unknown {
  const { providers, ...rest } = record(raw);
  if (!Array.isArray(providers)) return raw;
  const checked = providers.map((entry: unknown, index) => {
    const { name, kind, config } = record(entry);
    const failure = failureOf(
      catalog.find((each) => each.kind === kind || (typeof kind === 'string' && each.aliases?.includes(kind)))?.config,
      config,
    );
    if (failure === undefined) return entry;
    const message = `the schema of the plug-in for this kind failed (${failure}); tell whoever made it`;
    problems.push({ path: ['providers', index, 'config'], level: 'error', message });
    return { name, kind: 'poll-only', config: {} };
  });
  return { ...rest, providers: checked };
}

function failureOf(schema: z.ZodType | undefined, value: unknown): string | undefined {
  try {
    schema?.safeParse(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.constructor.name : typeof error;
  }
}
