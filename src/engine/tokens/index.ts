import type { PushToken, Result } from '../../foundation/model/index.ts';
import type { TokenTally } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import type { PairingProtocol, PhoneProtocol } from '../phones/phone-protocol.ts';
import { listNamesakes, type Namesakes } from './namesakes.ts';
import { type PairingReply, type PairingRequest, pairPhone } from './pairing.ts';
import { completeRollout, type RolloutRefusal, type RolloutRequest } from './rollout.ts';
import { standIn, type TokenForm } from './stand-in.ts';
import { selectTokens, type TokenSelection } from './token-admin.ts';

/** Push tokens for phones and logins; administrators use `TokenAdministration`. */
export type PushTokens = {
  /** The push token of this serial. */
  find(serial: string): Promise<PushToken | undefined>;
  /** The push tokens of a selection, including those of earlier users of the same name and source. */
  select(selection: TokenSelection): Promise<PushToken[]>;
  /**
   * Binds the phone: checks the credential, reads the phone's keys, and gives the push token a server key of its own.
   * An exact repetition (serial, credential, key) soon after gets the first reply again. The value is the server's
   * public key, PKCS#1 DER in base64. Throws `TurnedAway` after too many wrong credentials; a right one is always
   * accepted.
   * @see docs/protocols/privacyidea.md 3.3
   */
  completeRollout<R>(phone: PhoneProtocol<R>, request: RolloutRequest<R>): Promise<Result<{ serverPublicKey: string }, RolloutRefusal>>;
  /**
   * Accepts the keys and address of a phone for an offered push token, until an activation has proved them; after that
   * the same phone may change its address. Refuses a repeated message, so that a replay cannot direct pushes to an old
   * address. A message that cannot be opened is not counted. A network that names too many unknown serials cannot pair
   * offered tokens for a while.
   * @see docs/protocols/linotp.md 7.3, 12
   */
  pair<M>(phone: PairingProtocol<M>, request: PairingRequest<M>): Promise<PairingReply>;
  /**
   * A fictitious push token for a user without one, where replies must not reveal that; always the same for one name.
   */
  standIn(whom: { user: string; realm: string; serial?: string | undefined; form: TokenForm }): PushToken;
  /** The number of push tokens of each type and state. Scans all push tokens. */
  tally(): Promise<TokenTally[]>;
  /** Names that mean other users than before users were distinguished by case. Examines at most 1000 names. */
  listNamesakes(): Promise<Namesakes[]>;
};

/** Binds these functions to the engine's parts. */
export const openPushTokens = (parts: EngineParts): PushTokens => ({
  find: parts.store.findToken,
  select: (selection) => selectTokens(parts, selection),
  completeRollout: (phone, request) => completeRollout(parts, phone, request),
  pair: (phone, request) => pairPhone(parts, phone, request),
  standIn: (whom) => standIn(parts, whom),
  tally: parts.store.tallyTokens,
  listNamesakes: () => listNamesakes(parts),
});
