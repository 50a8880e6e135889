import fc from 'fast-check';
import { allRecords, recordKey, recordKinds } from '../../src/store/copy.ts';
import type { Store, StoredRecord } from '../../src/store/store.ts';
import { givenChallenge, givenPushToken, givenTransaction } from './records.ts';

/** Any possible name, and texts that often break databases. */
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('$set', 'a.b', "'; --", '%_*?', '😀', '\uffee'));
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const moment = fc.integer({ min: 0, max: 2 ** 42 });
const bucket = fc.integer({ min: 0, max: 999 });
const optional = <T, K extends string>(name: K, value: fc.Arbitrary<T>) => fc.record({ [name]: value }, { requiredKeys: [] });

const token = (serial: string): fc.Arbitrary<StoredRecord> =>
  fc
    .tuple(
      fc.record({ bucket, version: fc.nat(), createdAt: moment, failCount: fc.nat(10), description: text, enabled: fc.boolean() }),
      fc.record({ rollout: fc.constantFrom('offered', 'paired', 'activating', 'enrolled'), realms: fc.array(text, { maxLength: 2 }) }),
      optional('owner', fc.record({ user: text, realm: text, resolver: text })),
      optional('pinHash', text),
      optional('inLogin', fc.boolean()),
      optional('exceededAt', moment),
      fc.record({ addresses: fc.array(fc.record({ kind: fc.constantFrom('fcm', 'apns'), value: text, since: moment }), { maxLength: 2 }) }),
      optional('lastLogin', fc.record({ at: moment, effect: text })),
    )
    .map((parts) => {
      const { owner: _owner, ...unowned } = givenPushToken();
      return { kind: 'token', token: Object.assign({ ...unowned, serial }, ...parts) };
    });

const transaction = (id: string): fc.Arbitrary<StoredRecord> =>
  fc
    .tuple(
      fc.record({ bucket, createdAt: moment, user: text, realm: text, skippable: fc.boolean() }),
      fc.boolean(),
      fc.record({
        state: fc.constantFrom('open', 'accepted', 'declined', 'withdrawn', 'consumed'),
        answerUntil: moment,
        finishUntil: moment,
        version: fc.nat(),
      }),
      fc.array(fc.record({ serial: text, payload: text, wrongTries: fc.nat(3) }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ at: moment, serial: text, provider: text, outcome: fc.constant('sent' as const), reason: text, ms: fc.nat() })),
      fc.option(fc.tuple(moment, fc.integer({ min: 1, max: 3 }))),
    )
    .map(([fixed, hasForeignId, decision, challenges, trail, due]) => {
      const base = givenTransaction(
        {},
        challenges.map((each, index) => givenChallenge({ ...each, handle: `${id} ${index}` })),
      );
      const at = 5;
      return {
        kind: 'transaction',
        transaction: { ...base, ...fixed, ...(hasForeignId ? { foreignId: id } : {}), id, decision: { ...base.decision, ...decision } },
        trail,
        effects: Array.from({ length: due?.[1] ?? 0 }, (_, index) => ({ id: `e${index}`, kind: 'login-succeeded', serial: 's', at })),
        ...(due ? { effectsDue: due[0] } : {}),
      };
    });

const each = (recordOf: (key: string) => fc.Arbitrary<StoredRecord>): fc.Arbitrary<StoredRecord[]> =>
  fc.uniqueArray(key, { minLength: 1, maxLength: 8 }).chain((keys) => fc.tuple(...keys.map(recordOf)));

/** Any content of a store, in no order. */
export const anyRecords: fc.Arbitrary<StoredRecord[]> = fc
  .tuple(
    each(token),
    each(transaction),
    each((name) => fc.record({ kind: fc.constant('counter'), key: fc.constant(name), count: fc.nat(), endsAt: moment })),
    each((id) =>
      fc
        .record({ id: fc.constant(id), bits: fc.constantFrom(2048, 3072), publicKey: text, sealedPrivateKey: text })
        .map((stockKey): StoredRecord => ({ kind: 'stock-key', stockKey })),
    ),
    each((name) =>
      fc
        .tuple(
          fc.record({ name: fc.constant(name), passwordHash: text, createdAt: moment }),
          fc.record({ disabled: fc.constant<true>(true), seal: text }, { requiredKeys: [] }),
        )
        .map(([account, more]): StoredRecord => ({ kind: 'account', account: { ...account, ...more } })),
    ),
    each((id) =>
      fc
        .record({ id: fc.constant(id), publicKey: text, sealedSeed: text })
        .map((partitionKey): StoredRecord => ({ kind: 'partition-key', partitionKey })),
    ),
    each((gda) =>
      fc
        .tuple(
          fc.record({ gda: fc.constant(gda), owner: text, version: fc.nat(), lastSeen: moment }),
          fc.array(fc.record({ kind: fc.constantFrom('fcm' as const, 'gda' as const), value: text, since: moment }), { maxLength: 2 }),
          fc.record({ platform: text, publicKey: text, reference: text, signedAt: moment, deadSince: moment }, { requiredKeys: [] }),
        )
        .map(([fixed, addresses, more]): StoredRecord => ({ kind: 'device', device: { ...fixed, addresses, ...more } })),
    ),
    each((id) =>
      fc
        .tuple(
          fc.record({ id: fc.constant(id), writer: fc.constant(id), number: fc.nat(), at: moment, digest: text, hash: text }),
          fc.record(
            {
              act: text,
              authServer: text,
              transaction: text,
              serials: fc.uniqueArray(key, { minLength: 1, maxLength: 2 }),
              subject: text,
              actor: text,
              typed: text,
              body: text,
              clear: fc.constantFrom({ subject: '{}' }, { actor: '{}', own: '{"a":"b"}' }),
            },
            { requiredKeys: [] },
          ),
        )
        .map(([fixed, more]): StoredRecord => ({ kind: 'audit-entry', entry: { kind: 'login-refused', ...fixed, ...more } })),
    ),
    each((name) =>
      fc
        .record({ writer: fc.constant(name), number: fc.nat(), hash: text, signature: text, seenAt: moment, ended: fc.boolean() })
        .map((writer): StoredRecord => ({ kind: 'audit-writer', writer })),
    ),
    each((id) =>
      fc
        .record({ id: fc.constant(id), at: moment })
        .map((note): StoredRecord => ({ kind: 'audit-note', note: { ...note, text: 'sealed' } })),
    ),
    each((person) =>
      fc
        .record({ person: fc.constant(person), id: fc.constant(person), sealedKey: text })
        .map((personKey): StoredRecord => ({ kind: 'person-key', personKey })),
    ),
    each((client) =>
      fc
        .record({
          client: fc.constant(client),
          persons: fc.array(fc.record({ person: text, until: moment }), { maxLength: 3 }),
          endsAt: moment,
        })
        .map((knownClient): StoredRecord => ({ kind: 'known-client', knownClient })),
    ),
    each((id) =>
      fc
        .tuple(fc.record({ id: fc.constant(id), digest: text, begunAt: moment, endsAt: moment }), optional('resource', text))
        .map(([fixed, more]): StoredRecord => ({ kind: 'kept-request', keptRequest: { ...fixed, ...more } })),
    ),
    each((id) =>
      fc
        .tuple(
          fc.record({ id: fc.constant(id), target: text, order: text, position: moment, authServer: text, payload: text }),
          fc.record({ createdAt: moment, dueAt: moment, endsAt: moment, attempts: fc.nat() }),
          fc.record({ state: fc.constantFrom('waiting' as const, 'begun' as const, 'dead' as const) }),
          optional('lastError', text),
        )
        .map(
          ([place, times, state, more]): StoredRecord => ({
            kind: 'outbox-message',
            message: { ...place, ...times, ...state, ...more },
          }),
        ),
    ),
    each((id) =>
      fc
        .record({
          id: fc.constant(id),
          authServer: text,
          number: fc.nat(),
          at: moment,
          transaction: text,
          kind: text,
          data: fc.record({ id: text }),
          endsAt: moment,
        })
        .map((event): StoredRecord => ({ kind: 'published-event', event })),
    ),
    each((authServer) =>
      fc
        .record({ authServer: fc.constant(authServer), last: fc.nat() })
        .map((eventStream): StoredRecord => ({ kind: 'event-stream', eventStream })),
    ),
    each((id) =>
      fc
        .record({ id: fc.constant(id), issuer: text, subject: text, user: text, realm: text, at: moment })
        .map((identityPin): StoredRecord => ({ kind: 'identity-pin', identityPin })),
    ),
  )
  // A clone has the usual object prototype.
  .map((records) => structuredClone(records.flat()));

/** The order in which every store returns them. */
export const inOrder = (records: readonly StoredRecord[]): StoredRecord[] =>
  records.toSorted(
    (one, other) =>
      recordKinds.indexOf(one.kind) - recordKinds.indexOf(other.kind) ||
      Buffer.compare(Buffer.from(recordKey(one)), Buffer.from(recordKey(other))),
  );

/** The whole content of a store. */
export async function recordsOf(store: Store): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const record of allRecords(store)) records.push(record);
  return records;
}
