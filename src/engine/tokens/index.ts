import type { PushToken, Result } from '../../foundation/model/index.ts';
import type { TokenTally } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import type { PairingProtocol, PhoneProtocol } from '../phones/phone-protocol.ts';
import { listNamesakes, type Namesakes } from './namesakes.ts';
import { type PairingReply, type PairingRequest, pairPhone } from './pairing.ts';
import { completeRollout, type RolloutRefusal, type RolloutRequest } from './rollout.ts';
import { standIn, type TokenForm } from './stand-in.ts';
import { selectTokens, type TokenSelection } from './token-admin.ts';

/** Push tokens as phones and logins see them; what administrators do with them is `TokenAdministration`. */
export type PushTokens = {
  /** The push token of this serial. */
  find(serial: string): Promise<PushToken | undefined>;
  /** The push tokens of a selection, with those of earlier users of the same name and source; empty when there are none. */
  select(selection: TokenSelection): Promise<PushToken[]>;
  /**
   * Binds the phone: checks the credential, reads the phone's keys, gives the push token a server key of its own. An exact repetition
   * (serial, credential, key) soon after gets the first reply again. The value is the server's public key, PKCS#1 DER in base64. Throws `TurnedAway` for
   * one wrong credential too many; a right one is always taken.
   * @see docs/protocols/privacyidea.md 3.3
   */
  completeRollout<R>(phone: PhoneProtocol<R>, request: RolloutRequest<R>): Promise<Result<{ serverPublicKey: string }, RolloutRefusal>>;
  /**
   * Takes the keys and the address of a phone whose push token waits for one, until it has proven them by an activation; after that the same phone may tell
   * a new address. A message that was used before is refused, so that nobody leads pushes back to an old address. What cannot be opened costs no
   * counter. A network that names too many serials that do not exist pairs no offered push token for a while.
   * @see docs/protocols/linotp.md 7.3, 12
   */
  pair<M>(phone: PairingProtocol<M>, request: PairingRequest<M>): Promise<PairingReply>;
  /** A push token that nobody has, for a name that has none, where nobody may be told; always the same one. */
  standIn(whom: { user: string; realm: string; serial?: string | undefined; form: TokenForm }): PushToken;
  /** How many push tokens there are of each type and state. Looks at every push token. */
  tally(): Promise<TokenTally[]>;
  /** Names that mean other users than they did before users were told apart by case. Looks at no more than 1000 names. */
  listNamesakes(): Promise<Namesakes[]>;
};

/** Ties them to the engine's parts. */
export const openPushTokens = (parts: EngineParts): PushTokens => ({
  find: parts.store.findToken,
  select: (selection) => selectTokens(parts, selection),
  completeRollout: (phone, request) => completeRollout(parts, phone, request),
  pair: (phone, request) => pairPhone(parts, phone, request),
  standIn: (whom) => standIn(parts, whom),
  tally: parts.store.tallyTokens,
  listNamesakes: () => listNamesakes(parts),
});
