import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';

/** One event of a stream. `data` is sent as JSON; `id` is what a client that comes back shows as `Last-Event-ID`. */
export type StreamEvent = { id?: string; event: string; data: unknown };

/** A comment. */
const heartbeat = ':\n\n';
const heartbeatMs = 15_000;
/** Ten minutes. Then the client comes back, and its credential is checked again. */
const mostBeats = 40;
/** Unread bytes after which a client is cut off. */
const maxUnreadBytes = 65_536;
/** Clients come back after this time (ms), or up to as much later, so that not all come at once. */
const retryMs = 2000;
/** How long a client may take to read the rest after the end (ms). */
const lingerMs = 1000;

/**
 * A stream of server-sent events to one client, written to its socket alone: the HTTP server has forgotten the request.
 * A comment each 15 s keeps proxies from closing it.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #beats = 0;
  #stop: (() => void) | undefined;

  /** @param head the head of the reply, with its empty line */
  constructor(socket: Socket, head: string) {
    this.#socket = socket;
    this.#timer = setInterval(() => this.#beat(), heartbeatMs);
    socket.write(head, 'latin1');
  }

  /** Calls `follow` to send events. Its result is called once, when the stream has ended, whatever the reason. */
  start(follow: Follow): void {
    this.#socket.once('close', () => this.#stopFollowing());
    const stop = follow(this);
    if (this.#socket.writable) this.#stop = stop;
    else stop();
  }

  /** Sends an event. A client that has left 64 KiB unread is cut off. */
  send({ id, event, data }: StreamEvent): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Resolves when the client's system has taken all that was sent, or the stream has ended. */
  sent(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.writable) this.#socket.write(heartbeat, () => resolve());
      else resolve();
    });
  }

  /** Ends the stream. With `comesBack` the client is told when to come back. */
  end({ comesBack }: { comesBack: boolean }): void {
    const socket = this.#socket;
    this.#stopFollowing();
    if (!socket.writable) return;
    socket.end(comesBack ? `retry: ${retryMs + randomInt(retryMs)}\n\n` : '');
    const cut = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(cut));
  }

  /** Ends the stream at its next heartbeat. Spread over 15 s, because all streams of a listener may be told at once. */
  endSoon(): void {
    this.#beats = mostBeats;
  }

  #beat(): void {
    this.#beats += 1;
    if (this.#beats >= mostBeats) this.end({ comesBack: true });
    else this.#write(heartbeat);
  }

  #write(text: string): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.write(text);
    if (socket.writableLength > maxUnreadBytes) socket.destroy();
  }

  #stopFollowing(): void {
    clearInterval(this.#timer);
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Sends the events of a stream until the returned function is called. */
export type Follow = (stream: EventStream) => () => void;
