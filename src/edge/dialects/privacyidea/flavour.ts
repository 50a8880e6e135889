import { PiFault, type PiFlavour, type PiProduct } from '../../formats/privacyidea/index.ts';

/** A token type that a mount enrols: its right, serial prefix, and phone flavour. */
export type TokenKind = {
  type: 'push' | 'edupush';
  right: 'enrollPUSH' | 'enrollEDUPUSH';
  serialPrefix: string;
  phone: { protocol: 'pipush'; flavour: PiFlavour | 'edupush' };
};

/** The differences between the two auth servers with this dialect. @see docs/protocols/privacyidea.md 13 */
export type FlavourRules = {
  kinds: readonly TokenKind[];
  pushUrlDescription: string;
  /** `id` of the reply to `/auth`; with 2 it carries `authentication`. */
  authId: 1 | 2;
  /** Headers for an administrator's token; the first present one counts. */
  tokenHeaders: readonly string[];
  /** Whether `/validate/check` requires `pass`. */
  needsPass: boolean;
  /** Whether there are presence and code modes, and decline reasons in polls and waits. */
  hasModes: boolean;
  /** Added when the push was not sent but the phone may poll. */
  pollHint: string;
  /** Client modes in the default order of preference. */
  clientModes: readonly string[];
  /** Joins the texts of several push tokens into one. */
  join(messages: readonly string[]): string;
  /** The refusal of an unknown realm; `unknownUser` is the text for an unknown user. */
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

/** The flavour rules of a mount's product. */
export const flavourRules = ({ flavour }: PiProduct): FlavourRules => flavours[flavour];
