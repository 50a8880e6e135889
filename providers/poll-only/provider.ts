/** Sends nothing: the phone polls. For phones without a push service, and for machines without internet. */
import { z } from 'zod';
import { defineProvider } from '../../src/delivery/provider-kit/index.ts';

export default defineProvider({
  kind: 'poll-only',
  addresses: ['none'],
  config: z.strictObject({}).describe('Nothing to configure.'),
  open: () => ({
    deliver: async () => ({ kind: 'sent', reason: 'poll' }),
    check: async () => ({ ok: true, detail: 'phones poll' }),
    expires: () => [],
    close: async () => undefined,
  }),
});
