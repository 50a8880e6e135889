import { z } from 'zod';
import { GatewayFault } from '../../foundation/model/index.ts';
import {
  certificatesOf,
  connectRead,
  oneOrMany,
  proxyUrl,
  pushUrl,
  readAll,
  readAuthorities,
  readClientCertificate,
  readConfigFile,
  readKeyFile,
  readPrivateKey,
  Secret,
  secret,
} from '../../foundation/settings/index.ts';
import { defineProvider, retryAfterMs } from './definition.ts';
import { kitVersion, type OutsideDefinition } from './outside.ts';
import { tlsFields, tlsOptions, tlsReaders } from './tls.ts';

export type { Expiry } from '../../foundation/settings/index.ts';
export type { AddressKind, CheckResult, DeliveryOutcome, OpenProvider, ProviderHost, Push } from './definition.ts';
export type { OutsideDefinition } from './outside.ts';

/**
 * The kit of an outside plug-in, which imports nothing of pushgate. Within one major `version`, members are only added
 * and none changes its meaning.
 * @see docs/provider-plugin.md
 */
export const kit = Object.freeze({
  version: kitVersion,
  z,
  defineProvider: <Config extends z.ZodType>({ kitVersion: writtenFor, ...definition }: OutsideDefinition<Config>) => ({
    kitVersion: writtenFor,
    ...defineProvider(definition),
  }),
  GatewayFault,
  Secret,
  // Fields of a config.
  connectRead,
  oneOrMany,
  proxyUrl,
  pushUrl,
  secret,
  tlsFields,
  // Readers of the files in those fields, and of replies.
  certificatesOf,
  readAll,
  readAuthorities,
  readClientCertificate,
  readConfigFile,
  readKeyFile,
  readPrivateKey,
  retryAfterMs,
  tlsOptions,
  tlsReaders,
});

/** The type of the kit. */
export type ProviderKit = typeof kit;

/** The default export of an outside plug-in. */
export type ProviderPlugin = (kit: ProviderKit) => OutsideDefinition;
