import { z } from 'zod';

/** The configuration of this store. */
export const embeddedStoreConfig = z.strictObject({
  kind: z.literal('embedded').describe('One machine, one process: an SQLite file.'),
  path: z.string().min(1).describe('The file; relative to the folder of the config file. Made at the first start.'),
});
