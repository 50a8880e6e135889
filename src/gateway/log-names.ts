import type { Config } from '../config/index.ts';
import { personKey } from '../engine/index.ts';
import { openRealms } from '../engine/users/index.ts';
import { type Keyring, openPseudonyms } from '../foundation/keyring/index.ts';
import { type ShowName, withNames } from '../foundation/telemetry/index.ts';
import type { GatewayOptions } from './options.ts';

/**
 * Pseudonyms for the log, derived from a key of the keyring. A user's pseudonym depends on realm and name, compared as
 * the realm does: `Bob` and `bob` share one if the realm ignores case. An administrator's depends on the account name.
 */
export function logPseudonyms({ realms }: Pick<Config, 'realms'>, keyring: Keyring, keyId?: string): ShowName {
  const pseudonymOf = openPseudonyms(keyring, 'log', keyId);
  const parts = { realms: openRealms(realms) };
  return (logged) => {
    switch (logged.kind) {
      case 'user':
        return pseudonymOf(personKey(parts, { user: logged.name, realm: logged.realm }));
      case 'userid':
      case 'account':
        return pseudonymOf(`${logged.kind}\n${logged.name}`);
      default:
        return logged satisfies never;
    }
  };
}

/**
 * Options with a log that shows names as the settings say. It shows `name-unknown` until `learn` receives the keyring,
 * which it returns.
 */
export function openNaming(given: GatewayOptions): { options: GatewayOptions; learn(keyring: Keyring): Keyring } {
  if (given.config.settings.logNames === 'clear') return { options: given, learn: (keyring) => keyring };
  let show: ShowName = () => 'name-unknown';
  return {
    options: { ...given, log: withNames(given.log, (name) => show(name)) },
    learn(keyring) {
      show = logPseudonyms(given.config, keyring);
      return keyring;
    },
  };
}
