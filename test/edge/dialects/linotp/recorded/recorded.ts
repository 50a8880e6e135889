/** A push as the recorded push service got it; its challenge is shortened. */
export type RecordedPush = { challenge: string; gda: string; transactionId: string };

/** One request to the real server, its reply, and what was pushed meanwhile. */
export type RecordedEvent = {
  label: string;
  request: { path: string; params: Readonly<Record<string, string>> };
  status: number;
  content_type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the recording is whatever the wire brought
  response: any;
  pushed?: readonly RecordedPush[];
};

/** Requests whose signature was wrong in the recording, or whose challenge is not there: it is sent as it was. */
export const sentAsRecorded: readonly string[] = [
  'accept without transactionid',
  'accept unknown transaction',
  'accept with a bad signature',
];

/** Whose phone answered under the number of a whole transaction: the place of its push token. */
export const answeredBy: Readonly<Record<string, number>> = { 'accept sent to the parent id': 2 };

/**
 * What a pairing response said: of which push token, by which key; the serial is another one where no push token has
 * it.
 */
export type Pairing = { token: number; isOtherKey?: boolean; isOtherSerial?: boolean };

/** The same by the label of the request that sent it first; the same text again is the same response. */
export const pairings: Readonly<Record<string, Pairing>> = {
  pair: { token: 0 },
  'pair again, other gda': { token: 0 },
  'pair unknown serial': { token: 0, isOtherSerial: true },
  'pair 3': { token: 1 },
  're-pair active with other gda': { token: 0 },
  're-pair active with another key': { token: 0, isOtherKey: true },
  'pair 2': { token: 2 },
  'pair 4': { token: 3 },
  'gda changed by re-pairing': { token: 3 },
};
