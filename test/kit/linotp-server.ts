import { askTls, type TlsReply } from './tls-client.ts';

/**
 * The result of LinOTP's provider: accepted, refused with the reason phrase, or no reply (`AllResourcesUnavailable`).
 */
export type Pushed = { success: true; result: string } | { success: false; result: string } | { raised: 'AllResourcesUnavailable' };

/** LinOTP's settings of its challenge services; `readMs` is the second number of its timeout. */
export type LinotpProviderOptions = {
  urls: readonly string[];
  ca?: string;
  client?: { certificate: string; key: string };
  readMs?: number;
};

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The body as Python's json writes it. */
export const linotpBody = (transactionId: string, gda: string, challenge: string): string =>
  `{"challenge": {"transactionId": ${ascii(transactionId)}, "gda": ${ascii(gda)}, "challenge": ${ascii(challenge)}}}`;

/**
 * One request as LinOTP makes it.
 * @see docs/protocols/linotp.md 3.2
 */
export const linotpPost = (
  url: string,
  body: string,
  { ca, client, readMs = 5000 }: Omit<LinotpProviderOptions, 'urls'>,
): Promise<TlsReply> =>
  askTls({
    url,
    ...(ca ? { ca } : {}),
    client,
    method: 'POST',
    readMs,
    headers: {
      'Content-type': 'application/json',
      Accept: 'text/plain',
      'User-Agent': 'python-requests/2.31.0',
      'Accept-Encoding': 'gzip, deflate',
      Connection: 'keep-alive',
      'Content-Length': String(Buffer.byteLength(body)),
    },
    body,
  });

/**
 * Simulates LinOTP's DefaultPushProvider: it tries each URL twice, without pause; a reply of any status ends it. It
 * does not remember blocked URLs.
 * @see docs/protocols/linotp.md 4
 */
export async function linotpPush(
  { urls, ...options }: LinotpProviderOptions,
  transactionId: string,
  gda: string,
  challenge: string,
): Promise<Pushed> {
  for (const url of urls.flatMap((each) => [each, each])) {
    const reply = await linotpPost(url, linotpBody(transactionId, gda, challenge), options).catch(() => undefined);
    if (reply) return reply.status < 400 ? { success: true, result: reply.text } : { success: false, result: reply.reason };
  }
  return { raised: 'AllResourcesUnavailable' };
}
