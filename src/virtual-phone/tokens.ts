import { appOf } from './apps.ts';
import type { StoredToken } from './file.ts';
import { done, no, type Outcome } from './outcome.ts';
import { type RolloutParts, rollOut } from './rollout.ts';
import type { Offer } from './uri.ts';

/** The visible part of a token. `state` is `scanned` until the rollout succeeds. */
export type TokenView = Omit<Offer, 'credential'> & { scannedAt: number; state: 'scanned' | 'enrolled' };

/** The tokens on a phone. */
export type Tokens = {
  /** Reads a QR code; the offer's life time starts. Refuses a serial that is already enrolled. */
  scan(uri: string): Outcome<TokenView>;
  /** Enrols a scanned token, or repeats that with the same key. Without `fcmToken` it reports no device address. */
  rollout(serial: string, options?: { fcmToken?: string | undefined }): Promise<Outcome<TokenView>>;
  /** Scan and rollout in one. */
  enrol(uri: string, options?: { fcmToken?: string | undefined }): Promise<Outcome<TokenView>>;
  list(): Outcome<TokenView[]>;
  /** Deletes a token and its key, without telling the server. */
  remove(serial: string): Outcome<TokenView>;
};

/** The tokens in the phone's file. @see docs/protocols/privacyidea.md 15.1 */
export function openTokens(parts: RolloutParts): Tokens {
  const { file, clock, app } = parts;
  const scan = (uri: string): Outcome<TokenView> => {
    const offer = appOf(parts).readOffer(uri);
    if (!offer.ok) return offer;
    const known = file.find(offer.value.serial);
    if (known.ok && known.value.serverKey) return no(`${offer.value.serial} is already on this phone; remove it first`);
    return viewed(file.put({ ...offer.value, scannedAt: clock(), ...(app === 'privacyidea' ? {} : { app }) }));
  };
  const rollout: Tokens['rollout'] = async (serial, { fcmToken } = {}) => {
    const token = file.find(serial);
    return token.ok ? viewed(await rollOut(parts, token.value, fcmToken)) : token;
  };
  return {
    scan,
    rollout,
    async enrol(uri, options) {
      const scanned = scan(uri);
      return scanned.ok ? rollout(scanned.value.serial, options) : scanned;
    },
    list() {
      const tokens = file.read();
      return tokens.ok ? done(tokens.value.map(view)) : tokens;
    },
    remove: (serial) => viewed(file.remove(serial)),
  };
}

const viewed = (token: Outcome<StoredToken>): Outcome<TokenView> => (token.ok ? done(view(token.value)) : token);

function view({ credential, privateKey, serverKey, fcmToken, app, ...shown }: StoredToken): TokenView {
  return { ...shown, state: serverKey ? 'enrolled' : 'scanned' };
}
