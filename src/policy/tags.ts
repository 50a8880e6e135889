import type { Facts } from './facts.ts';

/** The token and user that a text is about. The name parts are absent when the directory has none. */
export type TagSubject = {
  serial: string;
  user: string;
  realm: string;
  tokenType: string;
  givenname?: string;
  surname?: string;
  url: string;
};

const tags = [
  'serial',
  'user',
  'givenname',
  'surname',
  'username',
  'userrealm',
  'realm',
  'tokentype',
  'recipient_givenname',
  'recipient_surname',
  'client_ip',
  'ua_browser',
  'ua_string',
  'action',
  'time',
  'date',
  'url',
  'challenge',
  'admin',
  'pin',
] as const;
type Tag = (typeof tags)[number];

const tagPattern = /\{([a-z_]+)\}/g;
const isTag = (name: string): name is Tag => tags.some((tag) => tag === name);

/** The first tag of a text that is neither known nor one of `more`. */
export const unknownTag = (text: string, more: readonly string[] = []): string | undefined =>
  [...text.matchAll(tagPattern)].map(([, name = '']) => name).find((name) => !isTag(name) && !more.includes(name));

const maxUserAgentLength = 256;

/**
 * Fills the tags of a text for the phone, such as `{user}` or `{client_ip}`; an unknown value becomes empty. Returns
 * undefined for a text with an unknown tag, so that no user has to answer half a sentence.
 * @see docs/protocols/privacyidea.md 11.4
 */
export function fillTags(text: string, subject: TagSubject, facts: Facts): string | undefined {
  if (unknownTag(text) !== undefined) return undefined;
  const values = valuesOf(subject, facts);
  return text.replace(tagPattern, (_tag, name: string) => (isTag(name) ? values[name] : ''));
}

/**
 * Fills the tags of a text for the login page. Tags about the request and unknown tags become empty.
 * `{presence_answer}` stays, to be filled by the caller that has the answer.
 * @see docs/protocols/privacyidea.md 11.4
 */
export function fillClientText(text: string, subject: TagSubject, now: number): string {
  const values = valuesOf({ ...subject, url: '' }, { now });
  return text.replace(tagPattern, (tag, name: string) => (name === 'presence_answer' ? tag : isTag(name) ? values[name] : ''));
}

function valuesOf({ serial, user, realm, tokenType, givenname = '', surname = '', url }: TagSubject, facts: Facts): Record<Tag, string> {
  const moment = new Date(facts.now);
  const two = (number: number): string => String(number).padStart(2, '0');
  const agent = (facts.userAgent ?? '').slice(0, maxUserAgentLength);
  return {
    serial,
    givenname,
    surname,
    url,
    tokentype: tokenType,
    username: user,
    userrealm: realm,
    realm,
    user: givenname || user,
    recipient_givenname: givenname,
    recipient_surname: surname,
    client_ip: facts.client ?? '',
    ua_string: agent,
    ua_browser: /^[A-Za-z0-9_-]+/.exec(agent)?.[0] ?? '',
    time: [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(':'),
    date: `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`,
    action: facts.action ?? '',
    challenge: '',
    admin: '',
    pin: '',
  };
}
