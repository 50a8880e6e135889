import type { AuditContent } from '../model/index.ts';

type ContentOf<Kind extends string, Content = AuditContent> = Content extends { kind: infer Kinds }
  ? Kind extends Kinds
    ? Content
    : never
  : never;
type FieldOf<Kind extends string> = Exclude<keyof ContentOf<Kind>, 'kind'>;

/** What the reference says of one kind of event: when it happens, and what each of its fields holds. */
type EventText<Kind extends string> = { when: string; fields: Record<FieldOf<Kind>, string> };

const whom = {
  user: 'Name of the user; empty for a push token without an owner.',
  realm: 'Realm of the user; empty for a push token without an owner.',
};
const origin = {
  origin: 'The auth server, its dialect, the address of the client and the id of the request: {authServer, dialect, client, requestId}.',
};
const by = {
  by: 'The administrator with the origin of the request: {administrator, authServer, dialect, client, requestId}. If an auth server acts itself, administrator is empty.',
};
const authServer = { authServer: 'Name of the auth server that asked.' };
const transaction = { transaction: 'Id of the transaction in the gateway.' };
const serial = { serial: 'Serial of the push token.' };
const serials = { serials: 'Serials of the push tokens whose phones were asked.' };
const because = { because: 'Why: unanswered, not-me or bare-decline.' };
const client = { client: 'Address of the client.' };
const administrator = { administrator: 'Name of the administrator, as it was given.' };
const forMs = { forMs: 'For how long, in milliseconds.' };
const provider = { provider: 'Name of the provider.' };
const result = { result: 'approved, declined or unauthenticated.' };
const version = { version: 'Version of the gateway.' };
const listener = { listener: 'Address of the listener.' };
const problems = { problems: 'What is wrong, one sentence each.' };
const mark = {
  writer: 'Id of the chain: each run of a gateway has one.',
  number: 'Number of the last entry in the chain.',
  hash: 'Hash of that entry.',
};

/** Every kind of event and of audit entry, in the order of the reference. */
export const eventTexts: { [Kind in AuditContent['kind']]: EventText<Kind> } = {
  'login-started': { when: 'A login was started and phones were asked.', fields: { ...origin, ...transaction, ...serials, ...whom } },
  'login-joined': {
    when: 'An identical request joined a login that waits already. The phone was not asked again.',
    fields: { ...origin, ...transaction, ...serials, ...whom },
  },
  'login-refused': {
    when: 'A login was not started or not finished.',
    fields: { ...origin, reason: 'Why, such as wrong-pin, limited or undeliverable.', ...transaction, ...serials, ...whom },
  },
  'login-passed-on': {
    when: 'A policy let a user in without a phone.',
    fields: {
      ...origin,
      rule: 'Name of the policy.',
      via: 'User source or RADIUS service that checked the password, if one did.',
      ...whom,
    },
  },
  'login-finished': {
    when: 'The auth server finished the login after the phone had accepted: the user is in.',
    fields: { ...authServer, ...transaction, ...serials, ...whom },
  },
  'result-delivered': {
    when: 'The result of a login was sent to its auth server, which took it.',
    fields: { ...authServer, ...transaction, ...result },
  },
  'result-undelivered': {
    when: 'The result of a login was not delivered for certain, and is not sent again.',
    fields: {
      ...authServer,
      ...transaction,
      ...result,
      because: 'unknown: the auth server may have it. lost: it does not have it.',
      reason: 'What went wrong: a word, or the HTTP status of the reply.',
    },
  },
  'push-delivered': {
    when: 'The delivery plan of one challenge ended, with or without success.',
    fields: {
      ...transaction,
      ...serial,
      sent: 'true when a provider took the push.',
      rule: 'Name of the policy that chose the providers, if one did.',
      attempts: 'The steps of the plan: {provider, outcome, reason, ms}.',
    },
  },
  'push-withheld': {
    when: 'A login waits for a phone that did not ring because it is muted or the logins are quiet.',
    fields: { ...transaction, ...serial, ...whom },
  },
  'challenge-answered': {
    when: 'A phone answered a challenge.',
    fields: {
      ...authServer,
      ...transaction,
      ...serial,
      mode: 'What the phone was asked for: confirm, presence or code.',
      verdict: 'accepted, declined, locked or code-shown.',
      declineReason: 'declined, cancelled or not-me, if the app sent one.',
      ...whom,
    },
  },
  'login-reported': {
    when: 'A user reported a login as not theirs.',
    fields: { ...authServer, ...transaction, ...serial, ...because, disabled: 'true when the push token was disabled.', ...whom },
  },
  'bare-decline': { when: 'A user declined a login without a reason.', fields: { ...authServer, ...transaction, ...serial, ...whom } },
  'challenge-displaced': {
    when: 'A challenge was withdrawn because its phone had too many to answer.',
    fields: { ...authServer, ...transaction, ...serial, ...whom },
  },
  'phone-muted': {
    when: 'A phone was muted: it rang too often without an accept, or its user reported a login.',
    fields: { ...serial, ...because, ...forMs, ...whom },
  },
  'logins-quiet': {
    when: 'Logins of a user went quiet after too many wrong PINs: they do not ring, and replies do not reveal whether the PIN was right.',
    fields: { ...authServer, serials: 'Serials of the push tokens of the user.', ...forMs, ...whom },
  },
  'phone-enrolled': { when: 'A phone finished its rollout or pairing.', fields: { ...serial, ...client, ...whom } },
  'address-told': {
    when: 'A phone sent a new device address.',
    fields: { ...serial, addressKind: 'Kind of the address: fcm, apns, gda or webpush.', ...client, ...whom },
  },
  'address-dead': {
    when: 'A provider reported a device address as dead. It is not used again until the phone sends a new one.',
    fields: { ...serial, addressKinds: 'Kinds of the dead addresses.' },
  },
  'token-administered': {
    when: 'An administrator, or an auth server with the right tokens or limits, changed a push token.',
    fields: { act: 'The change, such as enable, set-pin or delete.', ...serial, ...by, ...whom },
  },
  'challenge-cancelled': {
    when: 'An administrator cancelled a challenge.',
    fields: { ...transaction, ...serials, ...by, ...whom },
  },
  'expired-deleted': {
    when: 'An administrator deleted transactions that had ended.',
    fields: { count: 'How many transactions.', ...by },
  },
  'administrator-logged-in': { when: 'An administrator logged in.', fields: { ...administrator, ...client } },
  'administrator-logged-out': { when: 'An administrator logged out.', fields: by },
  'administrator-refused': { when: 'An administrator gave a wrong name or password.', fields: { ...administrator, ...client } },
  'account-administered': {
    when: 'The account of an administrator was changed.',
    fields: { act: 'The change: make, set-password, enable, disable or remove.', account: 'Name of the account.', ...by },
  },
  'administration-refused': {
    when: 'An administrative act was refused.',
    fields: {
      reason: 'Why, such as no-token, expired or no-right.',
      act: 'The right that was needed, or the act itself.',
      by: `${by.by} It is empty too when no administrator is known.`,
    },
  },
  'caller-refused': {
    when: 'A request did not come from an auth server that may send it.',
    fields: {
      reason:
        'Why: malformed, expired, wrong, mistyped (an API key with a wrong checksum), unknown-certificate, unknown-caller, no-right or not-theirs.',
      origin: `${origin.origin} authServer is empty when none was recognised.`,
    },
  },
  'source-limited': {
    when: 'A source failed too often. Its requests are refused for a while.',
    fields: {
      scope: 'What the source tried, such as login or poll.',
      source: 'Address of the source, in some scopes with a serial.',
      ...forMs,
      user: 'Name of the user, when only logins of one user are refused.',
      realm: 'Realm of that user.',
    },
  },
  'gateway-started': { when: 'The gateway listens.', fields: { ...version, listeners: 'URLs of the listeners.' } },
  'gateway-stopped': { when: 'The gateway has stopped.', fields: version },
  'configuration-reloaded': {
    when: 'A changed configuration, or a part of it, came into use.',
    fields: { part: 'The part that was read anew; absent when all was.', restart: 'Changed parts that wait for the next start.' },
  },
  'configuration-refused': { when: 'A changed configuration has errors. The old one stays in use.', fields: problems },
  'provider-out-of-use': {
    when: 'A provider could not be opened at the start and takes no push. All others work.',
    fields: { ...provider, ...problems },
  },
  'breaker-opened': { when: 'A provider failed several times in a row. It gets no push for a while.', fields: provider },
  'breaker-closed': { when: 'A provider works again.', fields: provider },
  'provider-reset': { when: 'An administrator opened a provider anew, with its breaker closed.', fields: { ...provider, ...by } },
  'credential-ending': {
    when: 'A certificate or key expires within 30 days, or has expired. Recorded once a day.',
    fields: {
      holder: 'The provider or listener that uses it.',
      type: 'certificate or key.',
      what: 'Subject of the certificate, or the purpose of the key.',
      ends: 'When it expires, as ISO 8601.',
      daysLeft: 'Days until then; negative when it has expired.',
    },
  },
  'message-dead': {
    when: 'A message of the outbox was given up: its target refused it for good, or took it in none of the attempts of a day.',
    fields: {
      target: 'The target, such as hook:billing.',
      ...authServer,
      message: 'Id of the message.',
      attempts: 'How often it was claimed.',
      error: 'Why the last attempt failed: a word, or an HTTP status. outcome-unknown: it may have been sent.',
    },
  },
  'identity-removed': {
    when: 'An administrator freed an identity: the next user whom its issuer names with it has it.',
    fields: { identity: 'Id of the identity.', issuer: 'The issuer.', ...whom, ...by },
  },
  'outbox-administered': {
    when: 'An administrator had a dead message sent again, or deleted a message.',
    fields: { act: 'replay or drop.', target: 'The target of the message.', message: 'Id of the message.', ...by },
  },
  'store-lost': { when: 'The store cannot be reached. No login works until it is back.', fields: {} },
  'store-back': { when: 'The store can be reached again.', fields: {} },
  'overload-began': {
    when: 'Requests are refused because of overload. Recorded for the first one.',
    fields: {
      authServer: 'Name of the auth server of that request; empty when it is unknown.',
      reason: 'Why: queue, waited or under-way.',
    },
  },
  'overload-ended': { when: 'No request was refused for ten seconds.', fields: { refused: 'How many requests were refused.' } },
  'connections-refused': {
    when: 'Connections were closed because there were too many. Recorded once a minute for each reason, with the first client.',
    fields: { ...listener, ...client, reason: 'Which limit was reached: process, network or half-sent.' },
  },
  'tls-refused': {
    when: 'A TLS handshake with a client failed.',
    fields: {
      ...listener,
      ...client,
      reason: 'The error code of Node or OpenSSL.',
      problem: 'What the code means, such as no-certificate, untrusted or expired.',
      certificate: 'The certificate of the client, if it is known: {subject, issuer, validFrom, validTo}.',
    },
  },
  'audit-begun': {
    when: 'A gateway began a chain of audit entries.',
    fields: {
      host: 'Name of the machine.',
      ...version,
      after: 'The chains that it found, each with its last entry: {writer, number, hash}.',
    },
  },
  'audit-checkpoint': {
    when: 'A gateway signed how far its chain has come.',
    fields: { ...mark, signature: 'Key id and Ed25519 signature, as <key id>.<base64url>.' },
  },
  'audit-gap': {
    when: 'A gateway ended without notice. The audit may lack refusals of its last second.',
    fields: { writer: mark.writer, from: 'Start of the gap, epoch milliseconds.', to: 'End of the gap, epoch milliseconds.' },
  },
  'audit-lost': {
    when: 'Events could not be written to the audit because the store was unavailable for too long.',
    fields: { count: 'How many events.' },
  },
  'audit-note-refused': {
    when: 'A note in the store was not written by a gateway with this keyring. Its content is ignored.',
    fields: { note: 'Id of the note.' },
  },
  'audit-expired': {
    when: 'Old audit entries lose their content because their retention time is over.',
    fields: {
      kinds: 'The kinds of these entries.',
      before: 'Entries from before this time, epoch milliseconds.',
      count: 'How many entries.',
    },
  },
  'audit-erased': {
    when: 'An administrator, or an auth server with the right erase, erased a person from the audit.',
    fields: { persons: 'Ids of the keys that the person was hashed with.', ...by },
  },
};
