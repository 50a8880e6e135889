import type { MongoClientOptions } from 'mongodb';
import { onFirstUse } from '../../foundation/lazy/index.ts';
import { GatewayFault } from '../../foundation/model/index.ts';
import { readAuthorities, readConfigFile } from '../../foundation/settings/index.ts';

/** Timeouts (ms) and the maximum of connections. */
export type ClientLimits = { maxPoolSize: number; serverSelectionTimeoutMs: number; operationTimeoutMs: number };

/** The driver's options besides the address. */
export const clientOptions = ({ maxPoolSize, serverSelectionTimeoutMs, operationTimeoutMs }: ClientLimits): MongoClientOptions => ({
  appName: 'pushgate',
  maxPoolSize,
  serverSelectionTimeoutMS: serverSelectionTimeoutMs,
  connectTimeoutMS: serverSelectionTimeoutMs,
  waitQueueTimeoutMS: operationTimeoutMs,
  socketTimeoutMS: operationTimeoutMs,
  retryWrites: true,
  retryReads: true,
  readPreference: 'primary',
  readConcern: { level: 'majority' },
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: operationTimeoutMs },
  ignoreUndefined: true,
});

/** Loaded on first use: an embedded store never needs it. */
const driver = onFirstUse<typeof import('mongodb')>('mongodb');

/**
 * Why the driver would refuse an address of MongoDB, or which file in its options is unreadable; undefined for a good
 * address. Does not connect and repeats no password.
 */
export function addressProblem(url: string, limits: ClientLimits): string | undefined {
  try {
    const { options } = new (driver().MongoClient)(url, clientOptions(limits));
    const { tlsCAFile, tlsCRLFile, tlsCertificateKeyFile } = options;
    if (tlsCAFile !== undefined) readAuthorities(tlsCAFile);
    if (tlsCRLFile !== undefined) readConfigFile(tlsCRLFile, 'tlsCRLFile');
    if (tlsCertificateKeyFile !== undefined) readConfigFile(tlsCertificateKeyFile, 'tlsCertificateKeyFile');
    return undefined;
  } catch (error) {
    if (error instanceof GatewayFault) return `names an unusable file in its options. ${error.message}`;
    return `is not an address of MongoDB: ${reasonOf(error, url)}`;
  }
}

/** The driver's message with a remedy; a general one when it might quote a secret. */
function reasonOf(error: unknown, url: string): string {
  const reason = error instanceof Error ? error.message : '';
  if (reason === '' || secretsOf(url).some((text) => reason.includes(text))) return `a part of it cannot be read; ${form}`;
  if (/malformed|unescaped|Invalid connection string/.test(reason))
    return `${reason}; write @ : / ? # % in a user or password as %40 %3A %2F %3F %23 %25`;
  return /host|scheme|Unable to parse/i.test(reason) ? `${reason}; ${form}` : `${reason}; correct or remove that option`;
}

const form = 'it is mongodb://USER:PASSWORD@HOST:27017/DATABASE or mongodb+srv://…';

/** The login before the hosts, and the values of options that hold secrets. */
function secretsOf(url: string): string[] {
  const login = /:\/\/(.*)@/s.exec(url)?.[1] ?? '';
  const values = [...url.matchAll(/[?&](?:tlsCertificateKeyFilePassword|authMechanismProperties|proxyPassword)=([^&]*)/gi)];
  return [login, ...values.map(([, value]) => value ?? '')].flatMap((text) => text.split(/[:@/?,]/)).filter((text) => text.length > 2);
}
