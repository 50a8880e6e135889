/** Sends nothing: the phone asks for what is waiting. For phones without a push service, and for a machine without internet. */
import { z } from 'zod';
import { defineProvider } from '../../src/delivery/provider-kit/index.ts';

export default defineProvider({
  kind: 'poll-only',
  addresses: ['none'],
  config: z.strictObject({}).describe('Nothing to configure.'),
  open: () => ({
    deliver: async () => ({ kind: 'sent', reason: 'poll' }),
    check: async () => ({ ok: true, detail: 'phones ask' }),
    expires: () => [],
    close: async () => undefined,
  }),
});
