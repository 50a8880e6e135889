import { GatewayFault } from '../model/index.ts';

/** Something in a provider's configuration that cannot be used; `path` counts from its `config`. */
export type ProviderProblem = { path: readonly PropertyKey[]; message: string };

/** Everything in a provider's configuration that cannot be used, found when it was opened. */
export class ProviderProblems extends GatewayFault {
  readonly problems: readonly ProviderProblem[];
  constructor(problems: readonly ProviderProblem[]) {
    super('config-invalid', problems.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '));
    this.name = 'ProviderProblems';
    this.problems = problems;
  }
}

/**
 * Reads every part of a provider's configuration, each under the name of the field it stands in. Throws `ProviderProblems` with all
 * `config-invalid` faults at once, so that an operator learns of every bad file in one go.
 */
export function readAll<Readers extends Readonly<Record<string, () => unknown>>>(
  readers: Readers,
): { [Name in keyof Readers]: ReturnType<Readers[Name]> } {
  const problems: ProviderProblem[] = [];
  const read = Object.entries(readers).map(([name, reader]) => {
    try {
      return [name, reader()];
    } catch (error) {
      if (!(error instanceof GatewayFault)) throw error;
      const inner = error instanceof ProviderProblems ? error.problems : [{ path: [], message: error.message }];
      problems.push(...inner.map(({ path, message }) => ({ path: [name, ...path], message })));
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new ProviderProblems(problems);
  // Every reader has returned, so every name holds what its reader gives.
  return Object.fromEntries(read) as { [Name in keyof Readers]: ReturnType<Readers[Name]> };
}
