import { relative, resolve } from 'node:path';
import type { Answers } from './questions.ts';

/**
 * The configuration for these answers. Paths in answers are relative to the working folder; paths in the file are
 * relative to `folder`.
 */
export function draftConfig(answers: Answers, folder: string): Record<string, unknown> {
  const path = (answer = ''): string => (answer.startsWith('/') ? answer : relative(folder, resolve(answer)));
  const { realm, keyring, provider: kind = '', tls = '' } = answers;
  const provider = { name: kind, kind, default: true, config: providerSettings(answers, path) };
  return {
    listeners: listenersOf(answers, tls === '' ? undefined : { certificate: path(tls) }),
    store: storeOf(answers, path),
    keyring: { $file: path(keyring) },
    realms: [{ name: realm, default: true }],
    authServers: [{ name: answers['auth-server'], networks: [answers['auth-server-network']], mounts: ['/'] }],
    providers: [provider],
    policies: policiesOf(answers, kind === 'poll-only' ? 'poll only' : kind),
    settings: { lockout: 'source' },
  };
}

function listenersOf(answers: Answers, tls: object | undefined): object[] {
  const { serves, listen, 'ops-listen': ops } = answers;
  const mount = serves === 'edumfa' ? { path: '/', serves: 'privacyidea', flavour: 'edumfa' } : { path: '/', serves };
  const listener = { address: listen, ...(tls && { tls }) };
  const opsMount = { path: '/', serves: 'ops' };
  return listen === ops
    ? [{ ...listener, mounts: [mount, opsMount] }]
    : [
        { ...listener, mounts: [mount] },
        { address: ops, mounts: [opsMount] },
      ];
}

const storeOf = (answers: Answers, path: (answer?: string) => string): object =>
  answers.store === 'mongodb'
    ? { kind: 'mongodb', url: { $env: answers['mongodb-url-variable'] } }
    : { kind: 'embedded', path: path(answers['store-path']) };

function providerSettings(answers: Answers, path: (answer?: string) => string): object {
  const file = (name: string) => ({ $file: path(answers[name]) });
  switch (answers.provider) {
    case 'firebase':
      return { service_account: file('firebase-key') };
    case 'apns':
      return { key: file('apns-key'), key_id: answers['apns-key-id'], team_id: answers['apns-team-id'], topic: answers['apns-topic'] };
    case 'challenge-service':
      return { push_url: answers['push-url'] };
    case 'webhook':
      return { url: answers['webhook-url'], signing_key: file('webhook-key') };
    case 'webpush':
      return { subject: answers['webpush-subject'], private_key: file('webpush-key') };
    default:
      return {};
  }
}

/** The policies that phones need, for the server that the gateway emulates; none for a challenge service. */
function policiesOf({ serves, 'phone-url': base = '' }: Answers, recorded: string): object[] {
  const url = (path: string): string => new URL(base.replace(/\/+$/, '') + path).href;
  switch (serves) {
    case 'privacyidea':
      return [enrolment({ push_firebase_configuration: recorded, push_registration_url: url('/ttype/push') })];
    case 'edumfa':
      return [
        enrolment({
          push_firebase_configuration: recorded,
          push_registration_url: url('/ttype/push'),
          edupush_registration_url: url('/ttype/edupush'),
        }),
      ];
    case 'linotp':
      return [
        {
          name: 'Where phones answer',
          scope: 'authentication',
          actions: {
            pushtoken_pairing_callback_url: url('/validate/pair'),
            pushtoken_challenge_callback_url: url('/validate/accept_transaction'),
          },
        },
      ];
    default:
      return [];
  }
}

const enrolment = (actions: object): object => ({ name: 'Enrolment', scope: 'enrollment', actions });
