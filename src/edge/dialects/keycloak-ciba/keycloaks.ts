import { resolve } from 'node:path';
import type { Clock, Result } from '../../../foundation/model/index.ts';
import { readAuthorities, type SettingProblem, settingProblemsOf } from '../../../foundation/settings/index.ts';
import type { Log } from '../../../foundation/telemetry/index.ts';
import { type HttpReply, type OnceError, openHttp, sendOnce } from '../../../foundation/wire/index.ts';
import type { CallbackStatus } from './callback-step.ts';
import { callbackUrlOf, jwksUrlOf, type KeycloakConfig } from './config.ts';
import { type KeySet, keysFrom, openKeySet } from './key-set.ts';

/** A realm of a Keycloak: its keys, and how to tell it a result. `realm`: that of its users here. */
export type Keycloak = {
  config: KeycloakConfig;
  realm: string;
  keys: KeySet;
  /** Sends one callback with the token of the request, once, before `signal` aborts. */
  sendCallback(token: string, status: CallbackStatus, signal: AbortSignal): Promise<Result<HttpReply, OnceError>>;
};

/** All configured realms; `close` ends their connections. */
export type Keycloaks = { list: readonly Keycloak[]; close(): Promise<void> };

/** Where they are opened. `fallbackRealm`: that of users whose entry names none. */
export type KeycloakSurroundings = { folder: string; fallbackRealm: string; clock: Clock; log: Log; onFile?: (file: string) => void };

/** Opens the realms without a connection. Throws `config-invalid` when a file of authorities cannot be used. */
export function openKeycloaks(configs: readonly KeycloakConfig[], surroundings: KeycloakSurroundings): Keycloaks {
  const opened = configs.map((config) => openKeycloak(config, surroundings));
  return {
    list: opened.map(({ keycloak }) => keycloak),
    close: async () => void (await Promise.all(opened.map(({ close }) => close()))),
  };
}

function openKeycloak(config: KeycloakConfig, { folder, fallbackRealm, clock, log, onFile }: KeycloakSurroundings) {
  const file = config.ca === undefined ? undefined : resolve(folder, config.ca);
  if (file !== undefined) onFile?.(file);
  const wire = { ca: file === undefined ? undefined : readAuthorities(file), passTrace: true };
  const http = openHttp({ ...wire, resend: true });
  const url = jwksUrlOf(config);
  const onFailure = (reason: string): void =>
    log.warn({ authServer: config.name, url, reason }, 'the public keys of a Keycloak realm could not be fetched');
  const keycloak: Keycloak = {
    config,
    realm: config.realm ?? fallbackRealm,
    keys: openKeySet(keysFrom(http, url), { clock, onFailure }),
    sendCallback: (token, status, signal) =>
      sendOnce(wire, {
        method: 'POST',
        url: callbackUrlOf(config),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ status }),
        signal,
      }),
  };
  return { keycloak, close: () => http.close() };
}

/** Problems of files that these entries name, as a start would find them. */
export const tryKeycloaks = (configs: readonly { ca?: unknown }[], { folder }: { folder: string }): SettingProblem[] =>
  configs.flatMap(({ ca }, index) => {
    if (typeof ca !== 'string') return [];
    try {
      readAuthorities(resolve(folder, ca));
      return [];
    } catch (error) {
      return settingProblemsOf(error).map(({ message }) => ({ path: [index, 'ca'], message }));
    }
  });
