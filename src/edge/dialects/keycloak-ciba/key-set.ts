import type { JWK } from 'jose';
import { type Clock, ok, parseJson, type Result, record, records, refused } from '../../../foundation/model/index.ts';
import type { Http } from '../../../foundation/wire/index.ts';

/** Keycloak waits 5 s for our reply; its keys must come well before that. */
const fetchMs = 2000;
/** The least time between two fetches, so that tokens with invented key ids cause no load. */
const leastGapMs = 3000;
/** After this time the keys are fetched again, so that a removed key is soon unknown. */
const freshMs = 10 * 60_000;

/** The key in a token's header. */
export type KeyWish = { kid: string; alg: string };

/** Public keys of one issuer, kept in memory. */
export type KeySet = {
  /** The signature key of this id and algorithm. Undefined: there is none; refused: the keys could not be fetched yet. */
  find(wish: KeyWish): Promise<Result<JWK | undefined, string>>;
};

type Keys = readonly JWK[];

/** How to get the keys; refused with the reason. */
export type FetchKeys = () => Promise<Result<Keys, string>>;

/**
 * Opens a set of keys, which is fetched at its first use, again for an unknown key id, and after ten minutes. At most
 * one fetch every three seconds; when one fails, the keys that are known stay in use.
 * @see docs/protocols/keycloak-ciba.md 3, check 4
 */
export function openKeySet(fetchKeys: FetchKeys, { clock, onFailure }: { clock: Clock; onFailure: (reason: string) => void }): KeySet {
  let known: { keys: Keys; at: number } | undefined;
  let tried = Number.NEGATIVE_INFINITY;
  let failure = 'not fetched yet';
  let underWay: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    tried = clock();
    const fetched = await fetchKeys();
    if (fetched.ok) known = { keys: fetched.value, at: clock() };
    else {
      failure = fetched.error;
      onFailure(failure);
    }
  };
  const renewed = async (): Promise<void> => {
    if (!underWay && clock() - tried < leastGapMs) return;
    underWay ??= renew().finally(() => {
      underWay = undefined;
    });
    await underWay;
  };
  const keyOf = ({ kid }: KeyWish): JWK | undefined => known?.keys.find((key) => key.kid === kid);
  return {
    async find(wish) {
      if (!known || clock() - known.at >= freshMs || !keyOf(wish)) await renewed();
      if (!known) return refused(failure);
      const key = keyOf(wish);
      return ok(key?.use === 'sig' && key.alg === wish.alg ? key : undefined);
    },
  };
}

/** Fetches the keys of a realm from its configured address, never from one in a token. */
export const keysFrom =
  (http: Http, url: string): FetchKeys =>
  async () => {
    const reply = await http.request({ method: 'GET', url, signal: AbortSignal.timeout(fetchMs) });
    if (!reply.ok) return refused(reply.error);
    if (reply.value.status !== 200) return refused(`status ${reply.value.status}`);
    const keys = records(record(parseJson(reply.value.body)).keys);
    return keys.length === 0 ? refused('no keys in the reply') : ok(keys);
  };
