import { GatewayFault } from '../model/index.ts';

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
 * Reads every part of some settings, each under the name of the field it stands in. Throws `SettingProblems` with all
 * `config-invalid` faults at once, so that an operator learns of every bad file in one go.
 */
export function readAll<Readers extends Readonly<Record<string, () => unknown>>>(
  readers: Readers,
): { [Name in keyof Readers]: ReturnType<Readers[Name]> } {
  const problems: SettingProblem[] = [];
  const read = Object.entries(readers).map(([name, reader]) => {
    try {
      return [name, reader()];
    } catch (error) {
      if (!(error instanceof GatewayFault)) throw error;
      const inner = error instanceof SettingProblems ? error.problems : [{ path: [], message: error.message }];
      problems.push(...inner.map(({ path, message }) => ({ path: [name, ...path], message })));
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new SettingProblems(problems);
  // Every reader has returned, so every name holds what its reader gives.
  return Object.fromEntries(read) as { [Name in keyof Readers]: ReturnType<Readers[Name]> };
}
