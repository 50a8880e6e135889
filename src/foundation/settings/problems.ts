import { GatewayFault, systemCode } from '../model/index.ts';

/** A part of the configuration that cannot be used; `path` counts from the settings of the provider or listener that it belongs to. */
export type SettingProblem = { path: readonly PropertyKey[]; message: string };

/** All parts of a provider's or listener's settings that cannot be used, found when it was opened. */
export class SettingProblems extends GatewayFault {
  readonly problems: readonly SettingProblem[];
  constructor(problems: readonly SettingProblem[]) {
    super('config-invalid', problems.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '));
    this.name = 'SettingProblems';
    this.problems = problems;
  }
}

/**
 * Reads every part of some settings, each under the name of the field it stands in. Throws `SettingProblems` with all that is wrong at once,
 * so that an operator learns of every bad file in one go.
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
  // Every reader has returned, so every name holds what its reader gives.
  return Object.fromEntries(read) as { [Name in keyof Readers]: ReturnType<Readers[Name]> };
}

/**
 * What an error says about the settings that were read or opened. A fault speaks for itself. Any other error is a value that we did not foresee: it must
 * not hide the other problems, and what a library says of it may quote a secret, so only the error's name goes on.
 */
export function settingProblemsOf(error: unknown): readonly SettingProblem[] {
  if (error instanceof SettingProblems) return error.problems;
  if (error instanceof GatewayFault) return [{ path: [], message: error.message }];
  const name = error instanceof Error ? error.name : typeof error;
  const code = systemCode(error);
  const what = code === 'unknown' ? name : `${name}, ${code}`;
  return [
    { path: [], message: `cannot be used (${what}). Look for a value in it that is out of the ordinary, and report this as a defect.` },
  ];
}
