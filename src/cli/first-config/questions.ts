/** The answers for a first configuration, by name of the question. A question that was not asked has none. */
export type Answers = Readonly<Record<string, string>>;

/**
 * One question, which is also an option of the command. `defaultAnswer`: the answer for an empty line; without it an
 * answer is required. `after`: asked only if another question has one of these answers. `problem`: the reason why an
 * answer is invalid.
 */
export type Question = {
  name: string;
  value: string;
  text: string;
  choices?: readonly string[];
  defaultAnswer?: string | ((answers: Answers) => string);
  after?: { question: string; answers: readonly string[] };
  problem?: (answer: string) => string | undefined;
};

const isAddress = (answer: string): string | undefined =>
  /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(answer) ? undefined : 'expected host and port, such as 127.0.0.1:8080';
const isName = (answer: string): string | undefined =>
  /^[A-Za-z0-9._-]{1,64}$/.test(answer) ? undefined : 'expected a name of letters, digits, dot, underscore and dash';
const isUrl = (answer: string): string | undefined =>
  /^https?:\/\//.test(answer) && URL.canParse(answer) ? undefined : 'expected a URL, such as https://mfa.example.com';

const ofProvider = (kind: string) => ({ question: 'provider', answers: [kind] });
const ofStore = (kind: string) => ({ question: 'store', answers: [kind] });
const servers = ['privacyidea', 'edumfa', 'linotp'];

/** The default URL for phones: the listener at the host name of this machine. */
const ownUrl = ({ listen = '', tls = '' }: Answers): string =>
  `${tls === '' ? 'http' : 'https'}://${listen.replace(/^(0\.0\.0\.0|\[::\]):/, 'localhost:')}`;

/** All questions, in order. */
export const questions: readonly Question[] = [
  {
    name: 'serves',
    value: 'server',
    text: 'Server that the gateway behaves as',
    choices: [...servers, 'challenge-service'],
    defaultAnswer: 'privacyidea',
  },
  { name: 'listen', value: 'address', text: 'Address for auth servers and phones', defaultAnswer: '127.0.0.1:8080', problem: isAddress },
  { name: 'tls', value: 'file', text: 'PEM file with certificate and key of that address; empty: plain HTTP', defaultAnswer: '' },
  {
    name: 'ops-listen',
    value: 'address',
    text: 'Address for operators and Prometheus',
    defaultAnswer: '127.0.0.1:8081',
    problem: isAddress,
  },
  {
    name: 'phone-url',
    value: 'url',
    text: 'URL where phones reach the gateway',
    defaultAnswer: ownUrl,
    after: { question: 'serves', answers: servers },
    problem: isUrl,
  },
  { name: 'realm', value: 'name', text: 'Name of the realm of your users', defaultAnswer: 'local', problem: isName },
  { name: 'auth-server', value: 'name', text: 'Name of the first auth server', defaultAnswer: 'vpn', problem: isName },
  { name: 'auth-server-network', value: 'network', text: 'Network that the auth server calls from', defaultAnswer: '127.0.0.0/8' },
  {
    name: 'provider',
    value: 'kind',
    text: 'Way to reach phones (poll-only: they ask by themselves)',
    choices: ['poll-only', 'firebase', 'apns', 'challenge-service', 'webhook', 'webpush'],
    defaultAnswer: 'poll-only',
  },
  { name: 'firebase-key', value: 'file', text: 'Key file of the service account', after: ofProvider('firebase') },
  { name: 'apns-key', value: 'file', text: '.p8 file with the signing key', after: ofProvider('apns') },
  { name: 'apns-key-id', value: 'id', text: 'Id of the signing key', after: ofProvider('apns') },
  { name: 'apns-team-id', value: 'id', text: 'Id of the team in the developer account', after: ofProvider('apns') },
  { name: 'apns-topic', value: 'id', text: 'Bundle id of the app', after: ofProvider('apns') },
  { name: 'push-url', value: 'url', text: 'URL of the challenge service', after: ofProvider('challenge-service'), problem: isUrl },
  { name: 'webhook-url', value: 'url', text: 'URL that pushes are posted to', after: ofProvider('webhook'), problem: isUrl },
  { name: 'webhook-key', value: 'file', text: 'File with the key of the signature', after: ofProvider('webhook') },
  { name: 'webpush-subject', value: 'contact', text: 'Contact for the push services, mailto: or https:', after: ofProvider('webpush') },
  { name: 'webpush-key', value: 'file', text: 'File with the VAPID private key', after: ofProvider('webpush') },
  {
    name: 'store',
    value: 'kind',
    text: 'Store (embedded: a file on this machine)',
    choices: ['embedded', 'mongodb'],
    defaultAnswer: 'embedded',
  },
  { name: 'store-path', value: 'file', text: 'File of the store', defaultAnswer: 'data/pushgate.db', after: ofStore('embedded') },
  {
    name: 'mongodb-url-variable',
    value: 'name',
    text: 'Environment variable that holds the connection string',
    defaultAnswer: 'MONGODB_URL',
    after: ofStore('mongodb'),
  },
  { name: 'keyring', value: 'file', text: 'File of the keyring; it is made if it is not there', defaultAnswer: 'data/keyring.json' },
];

/** Whether a question applies after these answers. */
export const isAsked = ({ after }: Question, answers: Answers): boolean =>
  after === undefined || after.answers.includes(answers[after.question] ?? '');

/** The answer for an empty line; undefined if an answer is required. */
export const defaultAnswerOf = ({ defaultAnswer }: Question, answers: Answers): string | undefined =>
  typeof defaultAnswer === 'function' ? defaultAnswer(answers) : defaultAnswer;

/** The reason why an answer is invalid; undefined for a valid one. */
export function problemOf({ choices, problem, defaultAnswer }: Question, answer: string): string | undefined {
  if (answer === '') return defaultAnswer === '' ? undefined : 'an answer is needed';
  if (choices && !choices.includes(answer)) return `expected one of ${choices.join(', ')}`;
  return problem?.(answer);
}
