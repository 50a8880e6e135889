import { z } from 'zod';
import { secretField } from '../../foundation/model/index.ts';

/** The part of the config file that chooses this store. */
export const mongodbStoreConfig = z.strictObject({
  kind: z.literal('mongodb').describe('MongoDB: any number of gateways on one replica set or sharded cluster.'),
  url: secretField.describe('Address of the servers, mongodb:// or mongodb+srv://, with user and password.'),
  database: z
    .string()
    .regex(/^[\w-]{1,38}$/)
    .default('pushgate')
    .describe('Name of the database: letters, digits, _ and -.'),
  maxPoolSize: z.int().min(2).max(1000).default(50).describe('Most connections to one server.'),
  serverSelectionTimeoutMs: z
    .int()
    .min(600)
    .max(30_000)
    .default(1500)
    .describe('How long an operation waits for a server to be there; they are looked for every 500 ms.'),
  operationTimeoutMs: z
    .int()
    .min(200)
    .max(60_000)
    .default(4000)
    .describe('How long an operation may take in all; then the store counts as unavailable.'),
});
