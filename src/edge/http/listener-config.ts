import { z } from 'zod';
import { networkField } from '../../foundation/settings/index.ts';
import { hostAndPort } from './host-and-port.ts';
import { listenerTlsConfig } from './listener-tls.ts';

/** One listener of the config file, without its mounts. */
export const listenerConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .optional()
    .describe('A name by which auth servers choose a mount of this listener.'),
  address: z
    .string()
    .refine((text) => hostAndPort(text) !== undefined, 'expected host and port, such as 127.0.0.1:8080 or [::1]:8080')
    .describe('Host and port to listen on.'),
  tls: listenerTlsConfig.optional().describe('HTTPS; without it, plain HTTP.'),
  trustedProxies: z.array(networkField).default([]).describe('Networks of proxies whose X-Forwarded-For counts, or whose Forwarded.'),
  forwardedHeader: z
    .enum(['X-Forwarded-For', 'Forwarded'])
    .default('X-Forwarded-For')
    .describe('Header in which those proxies name the client; Forwarded is that of RFC 7239. The other one is never believed.'),
});
