import { resolve } from 'node:path';
import { z } from 'zod';
import { readTextFile, Secret } from '../foundation/settings/index.ts';
import type { Problem } from './problem.ts';

/** The place of a secret: an environment variable, or a file (relative to the folder of the configuration file). */
export const secretReference = z.union(
  [
    z.strictObject({ $env: z.string().min(1).describe('Name of an environment variable.') }),
    z.strictObject({ $file: z.string().min(1).describe('Path of a file; relative to the folder of the config file.') }),
  ],
  {
    error: ({ input }) =>
      `${input === undefined ? 'is missing' : 'a secret never stands in the file itself'}: write {"$file": "path"} or {"$env": "NAME"}`,
  },
);

/** A reference as in the file. */
export type SecretReference = z.output<typeof secretReference>;

/** The environment variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The context of references: the folder of the configuration file, and the environment. `onFile` is called for every
 * file that is read.
 */
export type SecretSources = { folder: string; environment: Environment; onFile?: ((file: string) => void) | undefined };

/** The text behind a reference, without a byte order mark and the final line break; or a sentence about the problem. */
export function readSecret(
  reference: SecretReference,
  { folder, environment, onFile }: SecretSources,
): { text: string } | { missing: string } {
  if ('$env' in reference) {
    const text = withoutEnds(environment[reference.$env] ?? '');
    return text === '' ? { missing: `the environment variable ${reference.$env} is not set; set it, or use {"$file": …}` } : { text };
  }
  const path = resolve(folder, reference.$file);
  onFile?.(path);
  const read = readTextFile(path);
  if (!read.ok) return { missing: `${path} ${read.error}; create it, readable for the user that runs the gateway` };
  const text = withoutEnds(read.value);
  return text === '' ? { missing: `${path} is empty; put the secret there` } : { text };
}

/** Editors add the mark, and commands the line break. */
const withoutEnds = (text: string): string => text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');

/** Replaces every reference in `value` by a `Secret`. Adds a problem for one that cannot be read. */
export function resolveSecrets(value: unknown, path: readonly PropertyKey[], sources: SecretSources, problems: Problem[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveSecrets(item, [...path, index], sources, problems));
  if (typeof value !== 'object' || value === null) return value;
  const reference = secretReference.safeParse(value);
  if (!reference.success) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveSecrets(item, [...path, key], sources, problems)]));
  }
  const found = readSecret(reference.data, sources);
  if ('missing' in found) problems.push({ path, message: found.missing, level: 'error' });
  return new Secret('text' in found ? found.text : '');
}
