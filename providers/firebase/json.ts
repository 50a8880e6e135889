/** What a text holds as JSON; undefined where it is none. A parser's own error would quote the text, which may be a secret. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
