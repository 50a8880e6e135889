import { GatewayFault, systemCode } from '../model/index.ts';

/** An unusable setting; `path` is relative to the settings of its provider or listener. */
export type SettingProblem = { path: readonly PropertyKey[]; message: string };

/** All unusable settings of a provider or listener, found when it was opened. */
export class SettingProblems extends GatewayFault {
  readonly problems: readonly SettingProblem[];
  constructor(problems: readonly SettingProblem[]) {
    super('config-invalid', problems.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '));
    this.name = 'SettingProblems';
    this.problems = problems;
  }
}

/**
 * Runs one reader per field. Throws `SettingProblems` with all problems at once, so that an operator sees every bad
 * file in one run.
 */
export function readAll<Readers extends Readonly<Record<string, () => unknown>>>(
  readers: Readers,
): { [Name in keyof Readers]: ReturnType<Readers[Name]> } {
  const problems: SettingProblem[] = [];
  const read = Object.entries(readers).map(([name, reader]) => {
    try {
      return [name, reader()];
    } catch (error) {
      problems.push(...settingProblemsOf(error).map(({ path, message }) => ({ path: [name, ...path], message })));
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new SettingProblems(problems);
  // Every reader has returned, so every name has its value.
  return Object.fromEntries(read) as { [Name in keyof Readers]: ReturnType<Readers[Name]> };
}

/**
 * The problems that an error means. An unexpected error must not hide the other problems; its message may quote a
 * secret, so only its name and code are shown.
 */
export function settingProblemsOf(error: unknown): readonly SettingProblem[] {
  if (error instanceof SettingProblems) return error.problems;
  if (error instanceof GatewayFault) return [{ path: [], message: error.message }];
  const name = error instanceof Error ? error.name : typeof error;
  const code = systemCode(error);
  const what = code === 'unknown' ? name : `${name}, ${code}`;
  return [{ path: [], message: `cannot be used (${what}). Check it for unusual values, and report this as a defect.` }];
}
