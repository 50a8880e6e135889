import { endedChainText, endedInChain, settingProblemsOf } from '../../foundation/settings/index.ts';
import { type ProviderEntry, providerConfig } from './config.ts';
import { openProvider, type Surroundings } from './open-provider.ts';

/** A problem of one configured provider; `path` begins with its index in the list. */
export type RegistryProblem = { path: PropertyKey[]; message: string; level: 'error' | 'warning' };

/**
 * Opens and closes every provider whose entry the schema accepts, to find missing files, expired certificates and wrong
 * passwords. Makes no connection.
 */
export async function tryProviders(entries: readonly unknown[], surroundings: Surroundings): Promise<RegistryProblem[]> {
  const schema = providerConfig(surroundings.catalog);
  const found = await Promise.all(
    entries.map(async (entry, index) => {
      const parsed = schema.safeParse(entry);
      return parsed.success ? tryOne(parsed.data, index, surroundings) : [];
    }),
  );
  return found.flat();
}

async function tryOne(entry: ProviderEntry, index: number, surroundings: Surroundings): Promise<RegistryProblem[]> {
  try {
    const { provider } = await openProvider(entry, surroundings);
    const ended = endedInChain(provider.expires(), surroundings.clock());
    await provider.close();
    return ended.map((each) => ({ path: [index, 'config'], message: endedChainText(each), level: 'warning' }));
  } catch (error) {
    return problemsOf(error, index);
  }
}

/** The problems that prevented the provider at `index` from opening. */
export function problemsOf(error: unknown, index: number): RegistryProblem[] {
  return settingProblemsOf(error).map(({ path, message }) => ({ path: [index, 'config', ...path], message, level: 'error' }));
}
