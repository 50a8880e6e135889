import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ok, type Result, refused, systemCode } from '../foundation/model/index.ts';
import { crossCheck } from './cross-check.ts';
import type { Problem } from './problem.ts';
import { type Config, configSchema } from './schema.ts';
import { type Environment, resolveSecrets } from './secrets.ts';

/** A configuration that may be used: checked, frozen, with the folder its relative paths count from, and what it should be warned about. */
export type LoadedConfig = { config: Config; folder: string; file: string; warnings: Problem[] };

/** Reads and checks a configuration file; on failure every problem that was found, not only the first. */
export function loadConfig(file: string, environment: Environment): Result<LoadedConfig, Problem[]> {
  const path = resolve(file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return refused([
      {
        path: [],
        level: 'error',
        message: `cannot read ${path} (${systemCode(error)}); name a configuration file, such as config/default.json`,
      },
    ]);
  }
  return checkConfig(text, path, environment);
}

/** Checks the text of a configuration file; `file` is where its relative paths count from. */
export function checkConfig(text: string, file: string, environment: Environment): Result<LoadedConfig, Problem[]> {
  const folder = dirname(file);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return refused([{ path: [], level: 'error', message: `is not JSON: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  const problems: Problem[] = [];
  const parsed = configSchema.safeParse(withSecrets(raw, { folder, environment }, problems));
  if (!parsed.success) return refused([...problems, ...parsed.error.issues.flatMap(problemsOf)]);
  problems.push(...crossCheck(parsed.data));
  if (problems.some(({ level }) => level === 'error')) return refused(problems);
  return ok({ config: deepFreeze(parsed.data), folder, file, warnings: problems });
}

/** The keyring alone stays a reference: its file may be made at the first start. */
function withSecrets(raw: unknown, sources: { folder: string; environment: Environment }, problems: Problem[]): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [key, key === 'keyring' ? value : resolveSecrets(value, [key], sources, problems)]),
  );
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message, level: 'error' }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: 'unknown key; remove it, or look for a typing error',
    level: 'error',
  }));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
