import { createHash, createHmac } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { Cleanup } from './temporary.ts';

/** The content of an Access-Request. `proven`: its Message-Authenticator is correct and is its first attribute. */
export type RadiusQuestion = { user: string; password: string; nas: string; state: string | undefined; proven: boolean; bytes: Buffer };

/** The server's treatment of a request; `forged` names the fault of the reply. */
export type RadiusBehaviour =
  | {
      kind: 'accept' | 'reject' | 'challenge';
      message?: string;
      state?: string;
      forged?: 'authenticator' | 'proof' | 'no-proof' | 'id' | 'attributes';
    }
  | { kind: 'silent' };

/** A RADIUS server on loopback, written from RFC 2865 and RFC 2869, independent of the product. */
export type RadiusServer = { address: string; questions: RadiusQuestion[]; behave(...behaviours: RadiusBehaviour[]): void };

const codes = { accept: 2, reject: 3, challenge: 11 } as const;

/** Starts a server. Each datagram takes the next behaviour; the last one stays. */
export async function radiusServer(undo: Cleanup, secret: string): Promise<RadiusServer> {
  let behaviours: RadiusBehaviour[] = [{ kind: 'accept' }];
  const questions: RadiusQuestion[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (packet: Buffer, from: RemoteInfo) => {
    questions.push(read(packet, secret));
    const [now = { kind: 'silent' as const }] = behaviours;
    if (behaviours.length > 1) behaviours = behaviours.slice(1);
    if (now.kind !== 'silent') socket.send(reply(packet, secret, now), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  undo.later(() => socket.close());
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    behave: (...next) => {
      behaviours = next;
    },
  };
}

const md5 = (...parts: (string | Buffer)[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest();

function read(packet: Buffer, secret: string): RadiusQuestion {
  const found = new Map<number, { value: Buffer; at: number }>();
  for (let at = 20; at < packet.readUInt16BE(2); at += packet.readUInt8(at + 1))
    found.set(packet.readUInt8(at), { value: packet.subarray(at + 2, at + packet.readUInt8(at + 1)), at });
  const text = (kind: number): string => found.get(kind)?.value.toString() ?? '';
  const proof = found.get(80);
  const blank = Buffer.from(packet);
  if (proof) blank.fill(0, proof.at + 2, proof.at + 18);
  const isRight = proof !== undefined && createHmac('md5', secret).update(blank).digest().equals(proof.value);
  return {
    user: text(1),
    password: reveal(found.get(2)?.value ?? Buffer.alloc(0), packet.subarray(4, 20), secret),
    nas: text(32),
    state: found.get(24)?.value.toString(),
    proven: isRight && proof.at === 20,
    bytes: packet,
  };
}

/** RFC 2865 5.2 in reverse: p1 = c1 xor MD5(S + RA), p2 = c2 xor MD5(S + c1), … */
function reveal(hidden: Buffer, authenticator: Buffer, secret: string): string {
  const blocks = Array.from({ length: hidden.length / 16 }, (_, index) => hidden.subarray(index * 16, index * 16 + 16));
  const clear = blocks.map((block, index) => {
    const mask = md5(secret, blocks[index - 1] ?? authenticator);
    return Buffer.from(block.map((byte, place) => byte ^ mask.readUInt8(place)));
  });
  return Buffer.concat(clear).toString().replace(/\0+$/, '');
}

type Spoken = Exclude<RadiusBehaviour, { kind: 'silent' }>;

function reply(request: Buffer, secret: string, { kind, message, state, forged }: Spoken): Buffer {
  const field = (number: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([number, value.length + 2]), value]);
  const body = Buffer.concat([
    forged === 'no-proof' ? Buffer.alloc(0) : field(80, Buffer.alloc(16)),
    message === undefined ? Buffer.alloc(0) : field(18, Buffer.from(message)),
    state === undefined ? Buffer.alloc(0) : field(24, Buffer.from(state)),
    forged === 'attributes' ? Buffer.from([18, 200]) : Buffer.alloc(0),
  ]);
  const packet = Buffer.concat([Buffer.from([codes[kind], request.readUInt8(1), 0, 20 + body.length]), request.subarray(4, 20), body]);
  if (forged === 'id') packet.writeUInt8((request.readUInt8(1) + 1) % 256, 1);
  if (forged !== 'no-proof') createHmac('md5', secret).update(packet).digest().copy(packet, 22);
  if (forged === 'proof') packet.writeUInt8(packet.readUInt8(22) ^ 1, 22);
  md5(packet, secret).copy(packet, 4);
  if (forged === 'authenticator') packet.writeUInt8(packet.readUInt8(4) ^ 1, 4);
  return packet;
}
