import { z } from 'zod';
import { secret } from '../../foundation/settings/index.ts';
import { addressProblem } from './address.ts';

/** The default database. */
export const defaultDatabase = 'pushgate';

const databaseForm = /^[\w-]{1,38}$/;
/**
 * MongoDB's own databases: in an address they often name where a user is defined (such as `admin`), not where data is
 * kept.
 */
const systemDatabases: readonly string[] = ['admin', 'config', 'local'];

/** The database of a store: the configured one, else the one in its address, else `pushgate`. */
export const databaseOf = ({ url, database }: { url: string; database?: string | undefined }): string =>
  database ?? databaseIn(url) ?? defaultDatabase;

function databaseIn(url: string): string | undefined {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^/?]+)/.exec(url)?.[1];
  return name === undefined || systemDatabases.includes(name) ? undefined : name;
}

const fields = z.strictObject({
  kind: z.literal('mongodb').describe('A replica set or sharded cluster of MongoDB, for any number of gateways.'),
  url: secret.meta({
    description: 'Connection string, mongodb:// or mongodb+srv://, with user, password and database.',
    examples: [{ $env: 'MONGODB_URL' }],
  }),
  database: z
    .string()
    .regex(databaseForm)
    .optional()
    .meta({
      description: 'Name of the database: letters, digits, _ and -. Without it: the database in url, else pushgate.',
      examples: ['pushgate'],
    }),
  maxPoolSize: z.int().min(2).max(1000).default(50).describe('How many connections one server may get.'),
  serverSelectionTimeoutMs: z
    .int()
    .min(600)
    .max(30_000)
    .default(1500)
    .describe('How long an operation waits until a server is available. The driver looks every 500 ms.'),
  operationTimeoutMs: z
    .int()
    .min(200)
    .max(60_000)
    .default(4000)
    .describe('The longest time for one operation. After it the store counts as unavailable.'),
});

/** The configuration of this store. */
export const mongodbStoreConfig = fields.superRefine(({ url: secretUrl, database, ...limits }, context) => {
  const url = secretUrl.reveal();
  const isNamed = databaseForm.test(databaseOf({ url, database }));
  // A missing secret has been reported already.
  const problem = url === '' ? undefined : (addressProblem(url, limits) ?? (isNamed ? undefined : badName));
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['url'], message: problem });
});

const badName = 'the database name in the address may have letters, digits, _ and -, 38 at most; correct it, or set database';
