import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment, LoadedConfig } from '../config/index.ts';
import type { Finding } from '../edge/dialects/operator/index.ts';
import { readListenerTls } from '../edge/http/index.ts';
import { GatewayFault, record } from '../foundation/model/index.ts';
import { keyringOf } from '../gateway/keyring.ts';
import { openFiles } from '../gateway/open-files.ts';
import { embeddedFile } from '../gateway/open-store.ts';
import { ending } from './doctor-checks.ts';

/** Opens the keyring of the configuration. Whether the store belongs to it, the running gateway reports. */
export function checkKeyring(loaded: LoadedConfig, environment: Environment): Finding[] {
  const what = 'keyring';
  try {
    const { keyIds } = keyringOf(loaded, environment);
    return [{ level: 'fine', what, detail: `opens, with ${keyIds.length} ${keyIds.length === 1 ? 'key' : 'keys'}` }];
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    const store = embeddedFile(loaded);
    const isNew = store !== undefined && !existsSync(store) && '$file' in loaded.config.keyring;
    if (isNew) return [{ level: 'warning', what, detail: 'is not there yet; the first start of the gateway makes it: npx pushgate serve' }];
    return [{ level: 'failed', what, detail: `${error.message}; nothing in the store can be opened without it, so put it back` }];
  }
}

/** Expiry of the listeners' certificates. The configuration check reports missing or mismatched files. */
export function checkListenerCertificates({ config, folder }: LoadedConfig): Finding[] {
  return config.listeners.flatMap(({ address, tls }) => {
    if (!tls) return [];
    try {
      const { expiries } = readListenerTls(tls, (file) => resolve(folder, file));
      return expiries.map((expiry) => ending(`listener ${address}, certificate`, expiry));
    } catch (error) {
      if (error instanceof GatewayFault) return [];
      throw error;
    }
  });
}

/** Keyring and store files that every user of the machine can read. */
export function checkOpenFiles(loaded: LoadedConfig): Finding[] {
  const open = openFiles(loaded).map(({ file, advice }) => weak(file, advice));
  return open.length > 0 ? open : [{ level: 'fine', what: 'files', detail: 'keyring and store are for few to open' }];
}

/** Allowed settings that are weaker than necessary. */
export function checkWeakModes({ config }: LoadedConfig): Finding[] {
  const found = [...passes(config), ...unverified(config), ...openPolls(config), ...lockout(config)];
  return found.length > 0 ? found : [{ level: 'fine', what: 'modes', detail: 'no setting is weaker than it needs to be' }];
}

type Config = LoadedConfig['config'];

const weak = (what: string, detail: string): Finding => ({ level: 'warning', what, detail });

/** Rules that let users in without a phone. */
const passes = ({ policies }: Config): Finding[] =>
  policies.flatMap(({ name, actions }) => [
    ...(actions.passOnNoToken
      ? [weak(`policy ${name}`, `passOnNoToken lets in everybody who has no token, whatever the password; ${leave}`)]
      : []),
    ...(actions.passOnNoUser ? [weak(`policy ${name}`, `passOnNoUser lets in names that no source of users knows; ${leave}`)] : []),
  ]);

const leave = 'take it out, or narrow the rule by match, once all users have a phone';

const unverified = ({ providers }: Config): Finding[] =>
  providers
    .filter(({ config }) => record(config).server_certificate === false)
    .map(({ name }) =>
      weak(`provider ${name}`, 'server_certificate: false sends pushes to whoever answers; name the PEM file of the authority there'),
    );

/** Mounts that phones do not call are for servers, which have credentials. */
const openPolls = ({ listeners }: Config): Finding[] =>
  listeners.flatMap(({ address, mounts }) =>
    mounts
      .filter(({ publicPoll, phones }) => publicPoll && phones === 'none')
      .map(({ path }) =>
        weak(
          `listener ${address}, mount ${path}`,
          'publicPoll tells the status of a transaction to anybody who names its id, on a mount for servers; take it out, unless browsers ask there',
        ),
      ),
  );

const lockout = ({ settings }: Config): Finding[] =>
  settings.lockout === 'source'
    ? []
    : [
        weak(
          'settings.lockout',
          'whoever knows the name of a user can lock that user out by wrong PINs; set it to "source" (docs/operations.md, Limits)',
        ),
      ];
