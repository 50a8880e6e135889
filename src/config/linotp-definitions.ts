import { parseJson, record } from '../foundation/model/index.ts';
import type { Problem } from './problem.ts';

/** What LinOTP's registry writes beside a provider's own settings. `Managed` says that LinOTP shows no `Config`. */
const registryKeys = ['Class', 'Config', 'Timeout', 'Default', 'Managed'];

/**
 * The raw configuration with every provider that is written as LinOTP lists it, `{ "Class", "Config", "Timeout", "Default" }`, as one of ours: a whole map of
 * names to definitions, an entry of the list, or the `config` of one. `Config` is JSON in a text, or the object itself. As in LinOTP an empty certificate counts
 * as none, and the registry's `Timeout` before that of `Config`. A `Config` that is no JSON object gets a problem, and nothing of that provider is taken.
 * @see docs/protocols/linotp.md 2
 */
export function withLinotpDefinitions(raw: unknown, problems: Problem[]): unknown {
  const { providers } = record(raw);
  const entries: unknown[] | undefined = Array.isArray(providers)
    ? providers.map((entry: unknown) => (namedIn(entry)?.length === 1 ? namedIn(entry)?.[0] : entry))
    : namedIn(providers);
  if (!entries?.some(definitionIn)) return raw;
  return { ...record(raw), providers: entries.map((entry, index) => providerOf(entry, index, problems)) };
}

/** The entries of a map of names to definitions, as LinOTP replies to `getProvider`. */
function namedIn(map: unknown): unknown[] | undefined {
  const named = Object.entries(record(map));
  return named.every(([, definition]) => isDefinition(definition))
    ? named.map(([name, definition]) => ({ name, ...record(definition) }))
    : undefined;
}

const isDefinition = (value: unknown): boolean => typeof record(value).Class === 'string';

/** The definition that an entry is or has as its `config`, and the keys on the way to it. */
function definitionIn(entry: unknown): { definition: Readonly<Record<string, unknown>>; way: string[] } | undefined {
  if (isDefinition(entry)) return { definition: record(entry), way: [] };
  const { config } = record(entry);
  return isDefinition(config) ? { definition: record(config), way: ['config'] } : undefined;
}

function providerOf(entry: unknown, index: number, problems: Problem[]): unknown {
  const found = definitionIn(entry);
  if (!found) return entry;
  const { Class, Config, Timeout, Default } = found.definition;
  const own = Object.entries(record(entry)).filter(([key]) => !registryKeys.includes(key));
  const settings = typeof Config === 'string' ? parseJson(Config) : Config;
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    problems.push({ path: ['providers', index, ...found.way, 'Config'], level: 'error', message: noSettings(found.definition) });
    return { name: record(entry).name, kind: 'poll-only', config: {} };
  }
  return {
    ...(Default === undefined ? {} : { default: isTrue(Default) }),
    ...Object.fromEntries(own),
    kind: Class,
    config: settingsOf(record(settings), Timeout),
  };
}

const noSettings = ({ Managed }: Readonly<Record<string, unknown>>): string =>
  isTrue(Managed)
    ? 'is missing: LinOTP does not show that of a managed provider; write {"push_url": "https://…"} with the rest of its settings'
    : 'expected a JSON object, or a text that is one, such as "{\\"push_url\\": \\"https://…\\"}"';

/** LinOTP keeps every value as a text. */
const isTrue = (value: unknown): boolean => /^true$/i.test(String(value));

function settingsOf({ Timeout: capital, timeout = capital, ...settings }: Readonly<Record<string, unknown>>, ofRegistry: unknown): unknown {
  const seconds = ofRegistry ?? timeout;
  const isNone = ([key, value]: [string, unknown]): boolean =>
    /^(access|server)_certificate$/.test(key) && (value === null || (typeof value === 'string' && value.trim() === ''));
  return {
    ...Object.fromEntries(Object.entries(settings).filter((setting) => !isNone(setting))),
    ...(seconds === undefined || seconds === '' ? {} : { timeout: typeof seconds === 'number' ? String(seconds) : seconds }),
  };
}
