import { z } from 'zod';

/** The configuration of this store. */
export const embeddedStoreConfig = z.strictObject({
  kind: z.literal('embedded').describe('An SQLite file, for one machine and one process.'),
  path: z
    .string()
    .min(1)
    .meta({
      description: 'Path of the file, relative to the folder of the configuration file. The first start makes it.',
      examples: ['data/pushgate.db'],
    }),
});
