import { StringDecoder } from 'node:string_decoder';

/** A keyboard for secret questions: a terminal whose echo can be switched off. */
export type Keyboard = {
  setRawMode(on: boolean): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  resume(): unknown;
  pause(): unknown;
  unshift(chunk: Uint8Array): unknown;
};

/** Characters that end a line: Enter, and end of input (Ctrl-D). */
const ends = ['\r', '\n', '\u0004'];
const rubsOut = ['\u007f', '\b'];
const [interrupts, clears] = ['\u0003', '\u0015'];

/**
 * Asks a question and reads one line without echo. Backspace and Ctrl-U work; undefined after Ctrl-C. Input after the
 * line is left for the next question.
 */
export function askSecret(keyboard: Keyboard, write: (text: string) => void, question: string): Promise<string | undefined> {
  // Raw mode first: no typed character may be shown.
  keyboard.setRawMode(true);
  keyboard.resume();
  write(question);
  const decoder = new StringDecoder('utf8');
  let typed: string[] = [];
  return new Promise((resolve) => {
    const end = (answer: string | undefined, rest: string): void => {
      keyboard.off('data', take);
      keyboard.setRawMode(false);
      keyboard.pause();
      if (rest !== '') keyboard.unshift(Buffer.from(rest));
      write('\n');
      resolve(answer);
    };
    const take = (chunk: Uint8Array): void => {
      const letters = [...decoder.write(Buffer.from(chunk))];
      for (const [at, letter] of letters.entries()) {
        if (letter === interrupts || ends.includes(letter)) {
          end(letter === interrupts ? undefined : typed.join(''), letters.slice(at + 1).join(''));
          return;
        }
        if (rubsOut.includes(letter)) typed.pop();
        else if (letter === clears) typed = [];
        else if (letter >= ' ') typed.push(letter);
      }
    };
    keyboard.on('data', take);
  });
}
