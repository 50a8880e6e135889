export { addressReader } from './address.ts';
export { askerOf, noteParams } from './asker.ts';
export { maxBodyBytes, readBody } from './body.ts';
export { callerRequest } from './caller-request.ts';
export { clientOverride, clientReader } from './client-override.ts';
export { type Listener, openListener } from './listener.ts';
export { listenerConfig } from './listener-config.ts';
export { opsPatterns, opsRoutes, type ReadinessCheck } from './probes.ts';
export { type Method, type Mount, type MountRoutes, type Route, type RoutePattern, routeConflicts, type Unknown } from './route.ts';
