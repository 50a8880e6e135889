import { createInterface } from 'node:readline';
import { CommandFailed } from '../terminal.ts';

/** Asks the user at the terminal, line by line. */
export type Conversation = {
  /** Shows a question and resolves with the typed line. Rejects when the user leaves (Ctrl-C, Ctrl-D). */
  ask(question: string): Promise<string>;
  tell(line: string): void;
  close(): void;
};

/** The conversation at the terminal of this process, on standard error; undefined without a terminal. */
export function terminalConversation(): Conversation | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let isOver = false;
  lines.on('close', () => {
    isOver = true;
  });
  // Ctrl-C arrives here as a key, not as a signal.
  lines.on('SIGINT', () => lines.close());
  const typed = lines[Symbol.asyncIterator]();
  return {
    async ask(question) {
      if (isOver) throw left();
      lines.setPrompt(question);
      lines.prompt();
      const line = await typed.next();
      if (line.done) throw left();
      return line.value;
    },
    tell: (line) => void process.stderr.write(`${line}\n`),
    close: () => lines.close(),
  };
}

function left(): CommandFailed {
  process.stderr.write('\n');
  return new CommandFailed('nothing was written: the questions were not answered to the end.');
}
