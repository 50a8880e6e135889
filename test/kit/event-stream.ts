/** An event of a stream, or only the time to come back (ms). */
// biome-ignore lint/suspicious/noExplicitAny: a test asserts on every field that it touches
export type ReceivedEvent = { id?: string; event?: string; data?: any; retry?: number };

/** A client of server-sent events. Without a stream, `status` and `text` have the reply. */
export type EventClient = {
  status: number;
  headers: Headers;
  text: string;
  /** The next event; undefined when the stream has ended. */
  next(): Promise<ReceivedEvent | undefined>;
  /** All events until the stream ends. */
  rest(): Promise<ReceivedEvent[]>;
  close(): void;
};

/** Connects, with `after` as `Last-Event-ID`. */
export async function openEvents(url: string, { headers = {}, after }: { headers?: Record<string, string>; after?: string } = {}) {
  const stop = new AbortController();
  const shown = after === undefined ? {} : { 'last-event-id': after };
  const reply = await fetch(url, { headers: { ...headers, ...shown }, signal: stop.signal });
  const isStream = reply.headers.get('content-type') === 'text/event-stream';
  const chunks = isStream ? reply.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
  let unread = '';
  const next = async (): Promise<ReceivedEvent | undefined> => {
    for (;;) {
      const end = unread.indexOf('\n\n');
      if (end < 0) {
        const read = await chunks?.read();
        if (!read || read.done) return undefined;
        unread += read.value;
        continue;
      }
      const block = unread.slice(0, end);
      unread = unread.slice(end + 2);
      if (block !== ':') return eventOf(block);
    }
  };
  const client: EventClient = {
    status: reply.status,
    headers: reply.headers,
    text: isStream ? '' : await reply.text(),
    next,
    async rest() {
      const events: ReceivedEvent[] = [];
      for (let event = await next(); event; event = await next()) events.push(event);
      return events;
    },
    close: () => stop.abort(),
  };
  return client;
}

function eventOf(block: string): ReceivedEvent {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s, 2)));
  return {
    ...fields,
    ...(fields.data === undefined ? {} : { data: JSON.parse(fields.data) }),
    ...(fields.retry === undefined ? {} : { retry: Number(fields.retry) }),
  };
}
