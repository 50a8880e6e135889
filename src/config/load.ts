import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { tryProviders } from '../delivery/registry/index.ts';
import { tryKeycloaks } from '../edge/dialects/keycloak-ciba/index.ts';
import { tryListeners } from '../edge/http/index.ts';
import { tryUserSources } from '../engine/users/index.ts';
import { openKeyring } from '../foundation/keyring/index.ts';
import { GatewayFault, ok, type Result, record, refused, version } from '../foundation/model/index.ts';
import { plainError, readTextFile } from '../foundation/settings/index.ts';
import { type Log, openMetrics } from '../foundation/telemetry/index.ts';
import { crossCheck } from './cross-check.ts';
import { type JsonText, readJson } from './json-text.ts';
import { withLinotpDefinitions } from './linotp-definitions.ts';
import { type Catalog, loadPlugins, withoutThrowing } from './plugins.ts';
import { atPort } from './port.ts';
import { type Problem, problemText } from './problem.ts';
import { type Config, configSchemaOf } from './schema.ts';
import { type Environment, readSecret, resolveSecrets, type SecretSources, secretReference } from './secrets.ts';
import { speaksOfStandIn, understood } from './stand-ins.ts';

/**
 * A valid configuration: checked and frozen, with its kinds of provider, the folder of its relative paths, and its
 * warnings. `files` are the files of its secrets.
 */
export type LoadedConfig = {
  config: Config;
  catalog: Catalog;
  folder: string;
  file: string;
  files: readonly string[];
  warnings: Problem[];
};

/**
 * Reads and checks a configuration file and its plug-ins. On failure it returns every problem, not only the first.
 * `port` replaces the port of the first listener.
 */
export async function loadConfig(file: string, environment: Environment, port?: number): Promise<Result<LoadedConfig, Problem[]>> {
  const path = resolve(file);
  const text = readText(path);
  if (!text.ok) return text;
  return checkConfig(text.value, path, environment, port);
}

function readText(path: string): Result<string, Problem[]> {
  const text = readTextFile(path);
  if (text.ok) return text;
  return refused([{ path: [], level: 'error', message: `${path} ${text.error}; name a configuration file, such as config/default.json` }]);
}

/** The parsed text, with LinOTP's provider definitions converted. */
function readRaw(text: string): Result<JsonText, Problem[]> {
  const json = readJson(text);
  if (!json.ok) return json;
  const problems = [...json.value.problems];
  return ok({ value: withLinotpDefinitions(json.value.value, problems), problems });
}

/**
 * Checks the text of a configuration file. Its relative paths start at the folder of `file`; `port` replaces the port
 * of the first listener.
 */
export async function checkConfig(
  text: string,
  file: string,
  environment: Environment,
  port?: number,
): Promise<Result<LoadedConfig, Problem[]>> {
  const folder = dirname(file);
  const json = readRaw(text);
  if (!json.ok) return json;
  const raw = port === undefined ? json.value.value : atPort(json.value.value, port);
  const { catalog, problems: ofPlugins } = await loadPlugins(raw, folder);
  const problems = [...json.value.problems, ...ofPlugins];
  const files: string[] = [];
  const sources = { folder, environment, onFile: (path: string) => void files.push(path) };
  const filled = withoutThrowing(withSecrets(raw, sources, problems), catalog, problems);
  // Compiling the schema would not pay: it is used once.
  const parsed = configSchemaOf(catalog).safeParse(filled, { error: plainError, jitless: true });
  if (!parsed.success)
    return refused(once([...problems, ...parsed.error.issues.flatMap(problemsOf), ...restOf(filled, parsed.error.issues, catalog)]));
  const found = once([...problems, ...crossCheck(parsed.data, catalog)]);
  if (found.some(({ level }) => level === 'error')) return refused(found);
  return ok({ config: deepFreeze(parsed.data), catalog, folder, file, files, warnings: found });
}

/**
 * Checks a configuration file as a start does: reads the file, and opens every provider and user source once, without a
 * connection.
 */
export async function inspectConfig(file: string, environment: Environment, log: Log): Promise<Problem[]> {
  const path = resolve(file);
  const text = readText(path);
  return text.ok ? inspectText(text.value, path, environment, log) : text.error;
}

/** The same for the text of a file that may not exist yet; relative paths start at the folder of `path`. */
export async function inspectText(text: string, path: string, environment: Environment, log: Log): Promise<Problem[]> {
  const loaded = await checkConfig(text, path, environment);
  const problems = loaded.ok ? loaded.value.warnings : loaded.error;
  const json = readRaw(text);
  if (!json.ok) return problems;
  const raw = json.value.value;
  const folder = dirname(path);
  const { catalog } = await loadPlugins(raw, folder);
  // Loading has reported the problems up to here.
  const { listeners, providers, userSources, keycloaks } = record(
    withoutThrowing(withSecrets(raw, { folder, environment }, []), catalog, []),
  );
  const surroundings = { folder, clock: Date.now, log };
  const found = {
    listeners: tryListeners(list(listeners), surroundings),
    keycloaks: tryKeycloaks(list(keycloaks).map(record), surroundings),
    providers: await tryProviders(list(providers), { ...surroundings, catalog, metrics: openMetrics(version) }),
    userSources: await tryUserSources(list(userSources), surroundings),
  };
  const opening = Object.entries(found).flatMap(([key, each]) =>
    each.map((problem) => ({ level: 'error' as const, ...problem, path: [key, ...problem.path] })),
  );
  return once([...problems, ...keyringProblems(record(raw).keyring, { folder, environment }), ...opening]);
}

/** Problems of an existing keyring. The start may create a missing one. */
function keyringProblems(raw: unknown, sources: Parameters<typeof readSecret>[1]): Problem[] {
  const reference = secretReference.safeParse(raw);
  const found = reference.success ? readSecret(reference.data, sources) : undefined;
  if (!found || 'missing' in found) return [];
  try {
    openKeyring(found.text);
    return [];
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    return [{ path: ['keyring'], message: error.message, level: 'error' }];
  }
}

/** Drops repeated sentences about the same place. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Problems beside the parts that the schema refused. */
function restOf(raw: unknown, issues: readonly z.core.$ZodIssue[], catalog: Catalog): Problem[] {
  const config = understood(raw, issues, configSchemaOf(catalog));
  return config ? crossCheck(config, catalog).filter(({ path }) => !speaksOfStandIn(path, issues)) : [];
}

/** The keyring stays a reference: the first start may create its file. */
function withSecrets(raw: unknown, sources: SecretSources, problems: Problem[]): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [key, key === 'keyring' ? value : resolveSecrets(value, [key], sources, problems)]),
  );
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'invalid_union') return ofUnion(issue);
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message, level: 'error' }];
  const lines = issue.message.split('\n');
  return issue.keys.map((key, place) => ({ path: [...issue.path, key], message: lines[place] ?? issue.message, level: 'error' }));
}

/** For a value of several allowed forms: the problems with the nearest form. For a list, that means its elements. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion): Problem[] {
  const isOtherForm = ({ code, path }: z.core.$ZodIssue): boolean =>
    (code === 'invalid_type' || code === 'invalid_value') && path.length === 0;
  const [nearest] = issue.errors.filter((issues) => issues.length > 0 && !issues.some(isOtherForm));
  if (!nearest) return [{ path: issue.path, message: issue.message, level: 'error' }];
  return nearest.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
