/** A push as the recorded push service received it; its challenge is shortened. */
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

/**
 * Requests with a wrong signature in the recording, or without a recorded challenge: the signature is sent unchanged.
 */
export const sentAsRecorded: readonly string[] = [
  'accept without transactionid',
  'accept unknown transaction',
  'accept with a bad signature',
];

/** The phone that answered under the number of a whole transaction: the index of its push token. */
export const answeredBy: Readonly<Record<string, number>> = { 'accept sent to the parent id': 2 };

/**
 * The content of a pairing response: its push token and key; the serial is an unknown one where no push token has
 * it.
 */
export type Pairing = { token: number; isOtherKey?: boolean; isOtherSerial?: boolean };

/** The same, by the label of the first request with that text. */
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
