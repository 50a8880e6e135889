/** A reply: its status, and its body where that is JSON. */
export type RecordedReply = {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the recording is whatever the wire brought
  response: any;
};

/** One exchange of the real server, and its messages to Firebase meanwhile. */
export type Recorded = RecordedReply & {
  request: { method: string; path: string; params: Record<string, unknown> | null; headers: Record<string, string> };
  sent_to_fcm: { body: { message: Record<string, unknown> & { data?: Record<string, unknown> } } }[];
};

/** An exchange in its recording: the earlier exchanges, and all of them. */
export type Told = Recorded & { before: readonly Recorded[]; all: readonly Recorded[] };

/** The parameters of a request, missing ones as empty texts. */
export const param = ({ request: { params } }: Recorded, name: string): string => String(params?.[name] ?? '');

/** The value of a successful reply; undefined for a refusal. */
export const replyValue = ({ response }: RecordedReply): unknown => response?.result?.value;

/** Whether both requests are the same except for the signature, which is made anew for each. */
export const isRepeat = (one: Recorded, other: Recorded): boolean => {
  const words = ({ request: { method, path, params } }: Recorded) => JSON.stringify([method, path, { ...params, signature: '' }]);
  return words(one) === words(other);
};

/** Whether the signature of a request was wrong in the recording, by another key or over another text. */
export function isWronglySigned(told: Told): boolean {
  if (/Could not verify signature/.test(told.response?.result?.error?.message)) return true;
  const nonce = param(told, 'nonce');
  const isAnswered = told.before.some((earlier) => param(earlier, 'nonce') === nonce && replyValue(earlier) === true);
  return nonce !== '' && replyValue(told) === false && !isAnswered;
}
