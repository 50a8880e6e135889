import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { BSON } from 'mongodb';
import type { Cleanup } from './temporary.ts';

const opReply = 1;
const opMessage = 2013;

/** A server that only claims to be a MongoDB of this wire version (8: 4.2, 13: 5.0, 17: 6.0). Resolves with its URL. */
export async function oldMongod(undo: Cleanup, maxWireVersion: number): Promise<string> {
  const hello = { ismaster: true, isWritablePrimary: true, helloOk: true, minWireVersion: 0, maxWireVersion, ok: 1 };
  const limits = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 };
  const body = Buffer.from(BSON.serialize({ ...hello, ...limits }));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (request) => {
      // A driver's handshake is one request at a time, in one piece.
      const isMessage = request.readInt32LE(12) === opMessage;
      const fixed = isMessage ? Buffer.alloc(5) : Buffer.alloc(20);
      if (!isMessage) fixed.writeInt32LE(1, 16);
      const header = Buffer.alloc(16);
      header.writeInt32LE(16 + fixed.length + body.length, 0);
      header.writeInt32LE(request.readInt32LE(4), 8);
      header.writeInt32LE(isMessage ? opMessage : opReply, 12);
      socket.write(Buffer.concat([header, fixed, body]));
    });
    undo.later(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => server.close());
  return `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
