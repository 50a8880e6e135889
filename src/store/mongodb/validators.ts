/** A JSON Schema as MongoDB reads it. */
type Schema = Record<string, unknown>;

const text = { bsonType: 'string' };
const number = { bsonType: 'number' };
const flag = { bsonType: 'bool' };
const oneOf = (...values: string[]): Schema => ({ enum: values });
const record = (properties: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema => ({
  bsonType: 'object',
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
});
const listOf = (items: Schema): Schema => ({ bsonType: 'array', items });

const challenge = record({
  serial: text,
  phone: text,
  handle: text,
  payload: text,
  state: oneOf('pending', 'code-shown', 'accepted', 'declined', 'locked', 'closed'),
  wrongTries: number,
  maxWrong: number,
});

const decision = record({
  version: number,
  state: oneOf('open', 'accepted', 'declined', 'withdrawn', 'consumed'),
  answerUntil: number,
  finishUntil: number,
  challenges: listOf(challenge),
});

/**
 * The server's own validation of every document: the fields that decide something. It catches manual edits and other
 * programs; the rest is up to the model.
 */
export const validators: Readonly<Record<string, Schema>> = {
  tokens: record(
    { bucket: number, version: number, createdAt: number, type: text, enabled: flag, revoked: flag, failCount: number, maxFail: number },
    { rollout: oneOf('offered', 'paired', 'activating', 'enrolled'), addresses: listOf(record({ kind: text, value: text })) },
  ),
  transactions: record(
    { bucket: number, authServer: text, dialect: text, createdAt: number, decision, effects: listOf(record({ id: text, kind: text })) },
    { foreignId: text, effectsDue: number, trail: listOf(record({ at: number, provider: text })), cleanFrom: { bsonType: 'date' } },
  ),
  names: record({ holder: text, claim: text, at: { bsonType: 'date' } }),
  counters: record({ count: number, endsAt: number }),
  stockKeys: record({ bits: number, publicKey: text, sealedPrivateKey: text }),
  accounts: record({ passwordHash: text, createdAt: number }, { disabled: flag, seal: text }),
  partitionKeys: record({ publicKey: text, sealedSeed: text }),
  devices: record(
    { owner: text, version: number, lastSeen: number, addresses: listOf(record({ kind: text, value: text })) },
    { publicKey: text, deadSince: number },
  ),
  audit: record(
    { writer: text, number, at: number, kind: text, digest: text, hash: text },
    { act: text, authServer: text, transaction: text, serials: listOf(text), subject: text, actor: text, typed: text, body: text },
  ),
  auditNotes: record({ due: number, at: number, text }),
  auditWriters: record({ number, hash: text, signature: text, seenAt: number, ended: flag }),
  personKeys: record({ id: text, sealedKey: text }),
  knownClients: record({ persons: listOf(record({ person: text, until: number })), endsAt: number }),
  keptRequests: record({ digest: text, begunAt: number, endsAt: number }, { resource: text }),
  outbox: record({
    target: text,
    order: text,
    position: number,
    payload: text,
    dueAt: number,
    claimableAt: number,
    endsAt: number,
    attempts: number,
    state: oneOf('waiting', 'begun', 'dead'),
  }),
  publishedEvents: record({ authServer: text, number, at: number, transaction: text, kind: text, endsAt: number }),
  eventStreams: record({ last: number }),
  identityPins: record({ issuer: text, subject: text, user: text, realm: text, at: number }),
};
