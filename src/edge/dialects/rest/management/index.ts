import type { Endpoint } from '../endpoint.ts';
import { addressEndpoints } from './addresses.ts';
import { auditEndpoints } from './audit.ts';
import { gatewayEndpoints } from './gateway.ts';
import { limitEndpoints } from './limits.ts';
import { rolloutEndpoints } from './rollouts.ts';
import { tokenEndpoints } from './tokens.ts';

/** The endpoints for administrators, and for auth servers that manage. */
export const managementEndpoints: readonly Endpoint[] = [
  ...rolloutEndpoints,
  ...tokenEndpoints,
  ...addressEndpoints,
  ...gatewayEndpoints,
  ...limitEndpoints,
  ...auditEndpoints,
];
