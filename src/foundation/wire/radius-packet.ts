import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The content of an Access-Request; texts are sent as UTF-8. `authenticator` is 16 random bytes, never reused. */
export type AccessRequest = {
  id: number;
  authenticator: Buffer;
  user: string;
  password: string;
  nasIdentifier: string;
  /** The State of an Access-Challenge, when this request answers it. */
  state?: Buffer;
};

/** A reply authenticated with our secret for our request. */
export type AccessReply = { kind: 'accept' | 'reject' | 'challenge'; message: string; state: Buffer | undefined };

const type = { userName: 1, userPassword: 2, replyMessage: 18, state: 24, nasIdentifier: 32, messageAuthenticator: 80 } as const;
const replyKinds = new Map<number, AccessReply['kind']>([
  [2, 'accept'],
  [3, 'reject'],
  [11, 'challenge'],
]);
const headerBytes = 20;
const maxPacketBytes = 4096;
const maxValueBytes = 253;
const maxPasswordBytes = 128;

/**
 * Encodes an Access-Request. Message-Authenticator comes first, which also protects the attributes after it from being
 * shifted (BlastRADIUS). Undefined when a value is too long: 253 bytes, a password 128.
 * @see RFC 2865 4.1, 5.2; RFC 2869 5.14
 */
export function encodeRequest(request: AccessRequest, secret: string): Buffer | undefined {
  const { id, authenticator, state } = request;
  const [user, password, nas] = [request.user, request.password, request.nasIdentifier].map((text) => Buffer.from(text));
  if (!user || !password || !nas) return undefined;
  const fits = [user, nas].every(({ length }) => length > 0 && length <= maxValueBytes) && password.length <= maxPasswordBytes;
  if (!fits) return undefined;
  const attributes = Buffer.concat([
    attribute(type.messageAuthenticator, Buffer.alloc(16)),
    attribute(type.userName, user),
    attribute(type.userPassword, hidePassword(password, authenticator, secret)),
    attribute(type.nasIdentifier, nas),
    ...(state ? [attribute(type.state, state)] : []),
  ]);
  const packet = Buffer.concat([Buffer.from([1, id, 0, 0]), authenticator, attributes]);
  packet.writeUInt16BE(packet.length, 2);
  createHmac('md5', secret)
    .update(packet)
    .digest()
    .copy(packet, headerBytes + 2);
  return packet;
}

const attribute = (kind: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([kind, value.length + 2]), value]);

/** Masks each 16 bytes with MD5 over the secret and the previous masked block. */
function hidePassword(password: Buffer, authenticator: Buffer, secret: string): Buffer {
  const hidden = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  password.copy(hidden);
  let before = authenticator;
  for (let at = 0; at < hidden.length; at += 16) {
    const mask = createHash('md5').update(secret).update(before).digest();
    for (let index = 0; index < 16; index += 1) hidden[at + index] = (hidden[at + index] ?? 0) ^ (mask[index] ?? 0);
    before = hidden.subarray(at, at + 16);
  }
  return hidden;
}

/**
 * Decodes a reply to `request` (the bytes as sent). Undefined for any datagram to ignore: another id or secret, a wrong
 * Message-Authenticator, a missing one where required, or broken attributes.
 * @see RFC 2865 3; RFC 2869 5.14
 */
export function decodeReply(
  datagram: Buffer,
  { request, secret, requireMessageAuthenticator }: { request: Buffer; secret: string; requireMessageAuthenticator: boolean },
): AccessReply | undefined {
  if (datagram.length < headerBytes) return undefined;
  const length = datagram.readUInt16BE(2);
  if (length < headerBytes || length > maxPacketBytes || length > datagram.length) return undefined;
  const packet = datagram.subarray(0, length);
  const kind = replyKinds.get(packet[0] ?? 0);
  if (!kind || packet[1] !== request[1]) return undefined;
  const asked = request.subarray(4, headerBytes);
  const expected = createHash('md5')
    .update(packet.subarray(0, 4))
    .update(asked)
    .update(packet.subarray(headerBytes))
    .update(secret)
    .digest();
  if (!timingSafeEqual(expected, packet.subarray(4, headerBytes))) return undefined;
  const attributes = attributesOf(packet);
  if (!attributes || !hasValidAuthenticator(packet, attributes, { asked, secret, requireMessageAuthenticator })) return undefined;
  const texts = attributes.filter((each) => each.kind === type.replyMessage).map(({ value }) => value.toString());
  return { kind, message: texts.join(''), state: attributes.find((each) => each.kind === type.state)?.value };
}

type Attribute = { kind: number; value: Buffer; at: number };

function attributesOf(packet: Buffer): Attribute[] | undefined {
  const found: Attribute[] = [];
  for (let at = headerBytes; at < packet.length; ) {
    const [kind = 0, length = 0] = packet.subarray(at, at + 2);
    if (length < 2 || at + length > packet.length) return undefined;
    found.push({ kind, value: packet.subarray(at + 2, at + length), at: at + 2 });
    at += length;
  }
  return found;
}

type Proof = { asked: Buffer; secret: string; requireMessageAuthenticator: boolean };

function hasValidAuthenticator(
  packet: Buffer,
  attributes: readonly Attribute[],
  { asked, secret, requireMessageAuthenticator }: Proof,
): boolean {
  const [proof, ...more] = attributes.filter(({ kind }) => kind === type.messageAuthenticator);
  if (!proof) return !requireMessageAuthenticator;
  if (more.length > 0 || proof.value.length !== 16) return false;
  const signed = Buffer.from(packet);
  asked.copy(signed, 4);
  signed.fill(0, proof.at, proof.at + 16);
  return timingSafeEqual(createHmac('md5', secret).update(signed).digest(), proof.value);
}
