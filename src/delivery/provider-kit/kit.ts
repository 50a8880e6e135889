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
 * What an outside plug-in is handed: it imports nothing of ours. Within one major `version` nothing is taken away and nothing changes its
 * meaning.
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
  // Readers of what those fields name, and of what comes back.
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

/** What an outside plug-in exports by default. */
export type ProviderPlugin = (kit: ProviderKit) => OutsideDefinition;
