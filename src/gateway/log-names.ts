import type { Config } from '../config/index.ts';
import { personKey } from '../engine/index.ts';
import { openRealms } from '../engine/users/index.ts';
import { type Keyring, openPseudonyms } from '../foundation/keyring/index.ts';
import { type ShowName, withNames } from '../foundation/telemetry/index.ts';
import type { GatewayOptions } from './options.ts';

/**
 * Pseudonyms for the log, by a key of the keyring. A user has one by realm and name, as the realm compares names: `Bob` and `bob` share one where it ignores
 * case. An administrator has one by the name of the account.
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
 * Options whose log has names as the settings want them. Until `learn` has the keyring, `name-unknown` stands for each; it returns the keyring.
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
