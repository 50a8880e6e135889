/** The exit codes of commands and their meaning for scripts. `pushgate help exit-codes` prints this table. */
export const exitCodes = {
  done: { code: 0, meaning: 'The command did what it was asked to do.' },
  failed: {
    code: 1,
    meaning:
      'The command could not do it, or what it looked at is not in order: a login that was refused, a problem in a file, a finding of the doctor.',
  },
  usage: { code: 2, meaning: 'The command line is wrong: an unknown command or option, a missing argument, a value of the wrong form.' },
  config: { code: 3, meaning: 'The configuration, or a file that it names, such as the keyring, cannot be used.' },
  unavailable: {
    code: 4,
    meaning: 'The gateway or the store does not answer, or another process has the store. The same call may work later.',
  },
  refused: { code: 5, meaning: 'The gateway answers and refuses: a missing right, or a name or serial that it does not know.' },
  defect: { code: 70, meaning: 'A defect of pushgate itself. Please report what it printed.' },
} as const satisfies Record<string, { code: number; meaning: string }>;

/** The name of an exit code other than success. */
export type Failure = Exclude<keyof typeof exitCodes, 'done'>;
