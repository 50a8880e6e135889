/** A duplicate key of one object: its path, and both positions in the text. */
export type DoubleKey = { path: PropertyKey[]; first: number; second: number };

/** The result of a scan: duplicate keys; or the position where the text stops being JSON, with advice. */
export type Scan = { ok: true; doubles: DoubleKey[] } | { ok: false; at: number; why: string };

type Expected = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'comma' | 'end';
type Frame = { isObject: boolean; key: PropertyKey; keys: Map<string, number> };
type State = { text: string; at: number; expects: Expected; stack: Frame[]; doubles: DoubleKey[]; lastComma: number };

const deepest = 100;

/** The text is not JSON at this position. */
class NoJson extends Error {
  readonly at: number;
  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

/**
 * Scans JSON for two things that `JSON.parse` hides: duplicate keys, of which it silently takes the last, and the
 * position and likely cause of a mistake. Takes linear time. Refuses more than 100 levels.
 * @see RFC 8259
 */
export function scanJson(text: string): Scan {
  const state: State = { text, at: 0, expects: 'value', stack: [], doubles: [], lastComma: -1 };
  try {
    for (;;) {
      skipBlanks(state);
      if (state.expects === 'end' && state.at === text.length) return { ok: true, doubles: state.doubles };
      steps[state.expects](state, text.charAt(state.at));
    }
  } catch (error) {
    if (error instanceof NoJson) return { ok: false, at: error.at, why: error.message };
    throw error;
  }
}

const steps: Readonly<Record<Expected, (state: State, char: string) => void>> = {
  value: readValue,
  'first-value': (state, char) => (char === ']' ? close(state) : readValue(state, char)),
  key: readKey,
  'first-key': (state, char) => (char === '}' ? close(state) : readKey(state, char)),
  colon(state, char) {
    if (char !== ':') throw noJson(state, 'a colon is missing before this');
    step(state, 'value');
  },
  comma(state, char) {
    const frame = state.stack.at(-1);
    if (char === (frame?.isObject ? '}' : ']')) return close(state);
    if (char !== ',')
      throw noJson(state, /[\]}]/.test(char) ? 'this bracket closes another kind than was opened last' : 'a comma is missing before this');
    state.lastComma = state.at;
    if (frame && !frame.isObject) frame.key = Number(frame.key) + 1;
    step(state, frame?.isObject ? 'key' : 'value');
  },
  end(state) {
    throw noJson(state, 'this stands after the end of the configuration; remove it, or a bracket before it');
  },
};

function skipBlanks(state: State): void {
  while (' \t\r\n'.includes(state.text.charAt(state.at) || '.')) state.at += 1;
}

function step(state: State, expects: Expected): void {
  state.at += 1;
  state.expects = expects;
}

function open(state: State, isObject: boolean): void {
  if (state.stack.length >= deepest) throw new NoJson(state.at, `this is nested in more than ${deepest} levels`);
  state.stack.push({ isObject, key: isObject ? '' : 0, keys: new Map() });
  step(state, isObject ? 'first-key' : 'first-value');
}

function close(state: State): void {
  state.stack.pop();
  step(state, 'comma');
  afterValue(state);
}

function afterValue(state: State): void {
  state.expects = state.stack.length === 0 ? 'end' : 'comma';
}

function readKey(state: State, char: string): void {
  if (char !== '"') throw noJson(state, /[\w$']/.test(char) ? 'a name stands in double quotes' : 'a name in double quotes is missing here');
  const start = state.at;
  const key = String(JSON.parse(state.text.slice(start, endOfText(state))));
  const frame = state.stack.at(-1);
  if (frame) {
    frame.key = key;
    const first = frame.keys.get(key);
    if (first === undefined) frame.keys.set(key, start);
    else state.doubles.push({ path: state.stack.map((each) => each.key), first, second: start });
  }
  state.expects = 'colon';
}

const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

function readValue(state: State, char: string): void {
  if (char === '{' || char === '[') {
    open(state, char === '{');
    return;
  }
  if (char === '"') endOfText(state);
  else {
    scalar.lastIndex = state.at;
    if (!scalar.test(state.text)) throw noJson(state, noValue(char));
    state.at = scalar.lastIndex;
  }
  afterValue(state);
}

function noValue(char: string): string {
  if (char === "'") return 'a text stands in double quotes';
  if (/[-+.\d]/.test(char)) return 'this is no number of JSON; write it like 10, -1 or 0.5';
  return /\w/.test(char) ? 'a text stands in double quotes; without them there are only true, false and null' : 'a value is missing here';
}

const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Skips the string that begins here and returns the position after it. */
function endOfText(state: State): number {
  const { text, at: start } = state;
  let at = start + 1;
  for (let char = text.charAt(at); char !== '"'; char = text.charAt(at)) {
    if (char === '' || char < ' ') {
      const why =
        char === ''
          ? 'the text that begins here has no closing double quote'
          : 'a text has no line break or tab in it; write \\n or \\t, or close its quote';
      throw new NoJson(char === '' ? start : at, why);
    }
    escaped.lastIndex = at;
    if (char === '\\' && !escaped.test(text)) throw new NoJson(at, 'a \\ begins no escape here; write \\\\ for the character itself');
    at = char === '\\' ? escaped.lastIndex : at + 1;
  }
  state.at = at + 1;
  return state.at;
}

/** The error at this position: common slips first, then the expected token. */
function noJson({ text, at, expects, lastComma }: State, why: string): NoJson {
  const char = text.charAt(at);
  if (/^(?:\/\/|\/\*|#)/.test(text.slice(at, at + 2))) return new NoJson(at, 'JSON has no comments; remove this one');
  if (char === '') return new NoJson(at, text.trim() === '' ? 'the file is empty' : 'the file ends too early: a closing } or ] is missing');
  if (/[\]}]/.test(char) && lastComma >= 0 && (expects === 'key' || (expects === 'value' && text.slice(lastComma + 1, at).trim() === '')))
    return new NoJson(lastComma, 'remove this comma: nothing comes after it');
  if (char === ',' && (expects === 'key' || expects === 'value') && text.slice(lastComma + 1, at).trim() === '')
    return new NoJson(at, 'remove this comma: one stands before it');
  return new NoJson(at, why);
}
