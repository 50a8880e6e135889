import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Context } from 'koa';

/**
 * A stream between a socket and Node's HTTP server, so that the server can forget a socket that stays open. Passes on
 * what the server and our routes need of a socket.
 * @see docs/decisions/waiting-requests-leave.md
 */
export class Connection extends Duplex {
  readonly socket: Socket;
  /** The most recent request. */
  newest: IncomingMessage | undefined;
  /** Whether it brings back a request that was read before. */
  readonly hasComeBack: boolean;
  /** Called when bytes arrive, before they are read. */
  onBytes: (() => void) | undefined;
  #hasLeft = false;
  readonly #stopListening: () => void;

  /** @param head text for the server to read before the socket's data */
  constructor(socket: Socket, head?: string) {
    super({ decodeStrings: false });
    this.socket = socket;
    this.hasComeBack = head !== undefined;
    this.#stopListening = listenTo(socket, {
      data: (chunk) => {
        this.onBytes?.();
        if (!this.push(chunk)) socket.pause();
      },
      end: () => void this.push(null),
      timeout: () => void this.emit('timeout'),
      error: (error) => void this.destroy(error instanceof Error ? error : undefined),
      close: () => void this.destroy(),
    });
    if (head !== undefined) this.push(head, 'latin1');
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get encrypted(): boolean {
    return 'encrypted' in this.socket;
  }

  setTimeout(ms: number): this {
    this.socket.setTimeout(ms);
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  /** Detaches the open socket from the server. Unread bytes stay in it. */
  leave(): Socket {
    this.#stopListening();
    this.#hasLeft = true;
    this.destroy();
    this.socket.pause().setTimeout(0);
    return this.socket;
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, encoding, done);
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.socket.cork();
    for (const [index, { chunk, encoding }] of chunks.entries())
      this.socket.write(chunk, encoding, index === chunks.length - 1 ? done : undefined);
    this.socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#hasLeft) this.socket.destroy();
    done(error);
  }
}

/** Adds listeners to a socket, by event name. Returns a function that removes them. */
function listenTo(socket: Socket, listeners: Readonly<Record<string, (this: Socket, told: unknown) => void>>): () => void {
  for (const [name, listener] of Object.entries(listeners)) socket.on(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) socket.off(name, listener);
  };
}

/**
 * Notices the end of a socket that nobody reads. An error needs no handling: the close that follows is observed. Returns
 * how to stop.
 */
export const watchEnd = (socket: Socket): (() => void) => listenTo(socket, unread);

/**
 * Drops what the client of a stream still sends, which has no meaning, and notices the end behind it. Unread bytes would
 * hide that end.
 */
export function dropInput(socket: Socket): void {
  listenTo(socket, ended);
  socket.resume();
}

/** Shared by all sockets. */
const ended = { end: hangUp, error: hangUp };
const unread = { readable: readOn, ...ended };

function readOn(this: Socket): void {
  this.read(0);
}

function hangUp(this: Socket): void {
  this.destroy();
}

/** Whether a request can leave the server: no other one is under way on its connection. */
export function canDetach({ req, res }: Context): boolean {
  const connection = connectionOf(req);
  return !connection.destroyed && connection.newest === req && Object.is(res.socket, connection);
}

/** The `Connection` of a request. Throws for a request on a bare socket. */
export function connectionOf({ socket }: { socket: unknown }): Connection {
  if (socket instanceof Connection) return socket;
  throw new Error('a request came on a bare socket');
}

/**
 * Wraps each socket of a server into a `Connection` and passes it to `watch`. Returns a function that gives the server
 * another connection, for a socket that had left.
 */
export function putInFront(
  server: Server,
  event: 'connection' | 'secureConnection',
  watch: (connection: Connection) => void,
): (connection: Connection) => void {
  const accepting = server.listeners(event);
  const serve = (connection: Connection): void => {
    watch(connection);
    for (const accept of accepting) accept.call(server, connection);
  };
  server.removeAllListeners(event).on(event, (socket: Socket) => serve(new Connection(socket)));
  return serve;
}
