import { PiFault, type PiFlavour, type PiProduct } from '../../formats/privacyidea/index.ts';

/** One type of token that a mount enrols: the right that it takes, how its serials begin, and the flavour of its phone's protocol. */
export type TokenKind = {
  type: 'push' | 'edupush';
  right: 'enrollPUSH' | 'enrollEDUPUSH';
  serialPrefix: string;
  phone: { protocol: 'pipush'; flavour: PiFlavour | 'edupush' };
};

/** Where the two servers that speak this dialect differ; what they share stands with its call. @see docs/protocols/privacyidea.md 13 */
export type FlavourRules = {
  kinds: readonly TokenKind[];
  pushUrlDescription: string;
  /** `id` of the reply to `/auth`; with 2 it carries `authentication`. */
  authId: 1 | 2;
  /** Headers that may carry an administrator's token; the first that is there counts. */
  tokenHeaders: readonly string[];
  /** Whether `/validate/check` without `pass` is refused. */
  needsPass: boolean;
  /** Whether a phone may be asked for more than yes or no, and its decline told with a reason and out of a wait. */
  hasModes: boolean;
  /** Added where the push did not go out but the phone may come and ask. */
  pollHint: string;
  /** Client modes in the order of preference, where no policy says otherwise. */
  clientModes: readonly string[];
  /** One text of what several push tokens have the user do. */
  join(messages: readonly string[]): string;
  /** What a realm that does not exist is refused with; `unknownUser` is what an unknown user is told. */
  unknownRealm(realm: string, unknownUser: string): PiFault;
};

const pollHint = (app: string): string => ` Use the polling feature of your ${app} App to check for a new Login request.`;

const flavours: Record<PiFlavour, FlavourRules> = {
  privacyidea: {
    kinds: [{ type: 'push', right: 'enrollPUSH', serialPrefix: 'PIPU', phone: { protocol: 'pipush', flavour: 'privacyidea' } }],
    pushUrlDescription: 'URL for privacyIDEA Push Token',
    authId: 2,
    tokenHeaders: ['pi-authorization', 'authorization'],
    needsPass: false,
    hasModes: true,
    pollHint: pollHint('privacyIDEA Authenticator'),
    clientModes: ['interactive', 'webauthn', 'poll'],
    join: (messages) => [...new Set(messages)].join(', '),
    unknownRealm: (_realm, unknownUser) => new PiFault('unknown-user', unknownUser),
  },
  edumfa: {
    kinds: [
      { type: 'push', right: 'enrollPUSH', serialPrefix: 'PIPU', phone: { protocol: 'pipush', flavour: 'edumfa' } },
      { type: 'edupush', right: 'enrollEDUPUSH', serialPrefix: 'EDUP', phone: { protocol: 'pipush', flavour: 'edupush' } },
    ],
    pushUrlDescription: 'URL for eduMFA Push Token',
    authId: 1,
    tokenHeaders: ['authorization'],
    needsPass: true,
    hasModes: false,
    pollHint: pollHint('unsupported privacyIDEA Authenticator'),
    clientModes: ['interactive', 'webauthn', 'poll', 'u2f'],
    join: (messages) => messages.join(', '),
    unknownRealm: (realm) => new PiFault('not-found', `Realm '${realm}' does not exist.`),
  },
};

/** The rules of the server whose replies a mount gives. */
export const flavourRules = ({ flavour }: PiProduct): FlavourRules => flavours[flavour];
