/**
 * Pushes through Firebase Cloud Messaging (HTTP v1) over persistent HTTP/2 connections, with its own access token.
 * Wire: POST /v1/projects/{project}/messages:send; 2xx with the name of the message means accepted.
 * @see docs/protocols/delivery.md 2
 */
import { defineProvider } from '../../src/delivery/provider-kit/index.ts';
import { config } from './config.ts';
import { messageOf, probe } from './message.ts';
import { fromProbe } from './outcomes.ts';
import { openSender } from './sender.ts';

export default defineProvider({
  kind: 'firebase',
  addresses: ['fcm'],
  // Phones replace duplicates by collapse key and tag.
  idempotent: true,
  config,
  needsPolling: ({ mode }) => mode === 'opaque',
  async open(settings, host) {
    const sender = await openSender(settings, host);
    const style = { mode: settings.mode, opaqueTitle: settings.opaque_title, opaqueText: settings.opaque_text, dryRun: settings.dry_run };
    return {
      async deliver(push, signal) {
        const body = messageOf(push, style, host.clock());
        if (body === undefined) return { kind: 'rejected', reason: 'message', detail: `the payload is not a ${push.phone} message` };
        return sender.send(body, signal);
      },
      check: async (signal) => fromProbe(await sender.send(probe, signal, 'fresh')),
      expires: () => [],
      close: () => sender.close(),
    };
  },
});
