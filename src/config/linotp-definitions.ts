import { parseJson, record } from '../foundation/model/index.ts';
import type { Problem } from './problem.ts';

/** Keys that LinOTP's registry adds to a provider's settings. For a `Managed` provider LinOTP shows no `Config`. */
const registryKeys = ['Class', 'Config', 'Timeout', 'Default', 'Managed'];

/**
 * Converts providers in LinOTP's form, `{ "Class", "Config", "Timeout", "Default" }`, to pushgate's form. The input is
 * a map of names to definitions, an entry of the list, or the `config` of an entry. `Config` is JSON as text or an
 * object. As in LinOTP, an empty certificate counts as none, and the registry's `Timeout` precedes the one in `Config`.
 * A `Config` that is not a JSON object is a problem, and that provider is skipped.
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

/** The definition in an entry (the entry itself or its `config`), and the keys that lead to it. */
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

/** LinOTP stores every value as text. */
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
