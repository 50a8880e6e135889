import { z } from 'zod';
import { networkField } from '../../foundation/settings/index.ts';
import { hostAndPort } from './host-and-port.ts';
import { listenerTlsConfig } from './listener-tls.ts';

/** One listener of the configuration, without its mounts. */
export const listenerConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .optional()
    .meta({ description: 'Name of the listener. Auth servers use it to choose a mount of this listener.', examples: ['phones'] }),
  address: z
    .string()
    .refine((text) => hostAndPort(text) !== undefined, 'expected host and port, such as 127.0.0.1:8080 or [::1]:8080')
    .meta({ description: 'Host and port to listen on.', examples: ['127.0.0.1:8080'] }),
  tls: listenerTlsConfig.optional().describe('TLS settings. Without them the listener speaks plain HTTP.'),
  trustedProxies: z
    .array(networkField)
    .default([])
    .meta({ description: 'Networks of proxies that may name the client in the forwarded header.', examples: [['10.0.0.0/24']] }),
  forwardedHeader: z
    .enum(['X-Forwarded-For', 'Forwarded'])
    .default('X-Forwarded-For')
    .describe('The header in which those proxies name the client. Forwarded is that of RFC 7239. The other header is ignored.'),
});
