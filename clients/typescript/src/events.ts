/** One server-sent event. */
export type ServerEvent = { event: string; data: string; id: string };

/** Reads the server-sent events of a stream until it ends. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const fresh = (id: string) => ({ event: 'message', data: [] as string[], id });
  let now = fresh('');
  for await (const line of linesOf(stream)) {
    if (line === '') {
      if (now.data.length > 0) yield { event: now.event, data: now.data.join('\n'), id: now.id };
      now = fresh(now.id);
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') now.data.push(value);
    else if (name === 'event') now.event = value;
    else if (name === 'id') now.id = value;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    await reader.cancel();
  }
}
