export { addressReaders, routeReader, secureReader } from './address.ts';
export { type AdminRefusal, logOut, mayAct, publishActRefusal, recogniseAdmin } from './administrators.ts';
export { askerOf, clientsOf, noteParams } from './asker.ts';
export { maxBodyBytes, readBody } from './body.ts';
export {
  actorOf,
  administrationOf,
  type Caller,
  type CallerClaim,
  type CallerParts,
  type CallerRefusal,
  claimedServer,
  recogniseCaller,
  serverBehind,
  tellCallerRefused,
} from './callers.ts';
export { clientCertificate } from './client-certificate.ts';
export { clientOverride, clientReader } from './client-override.ts';
export { type ConnectionGate, connectionsByFiles, connectionsByMemory, knownPeers, openConnectionGate } from './connection-gate.ts';
export type { EventStream, Follow } from './event-stream.ts';
export { formFields, parameterNamed, queryFields } from './form.ts';
export { holdReply, onDisconnect } from './held.ts';
export { type Listener, openListener, usualTimes } from './listener.ts';
export { listenerConfig } from './listener-config.ts';
export { firstToEnd, type ListenerSecrets, type ListenerTls, readListenerTls } from './listener-tls.ts';
export { takeOverIds } from './observe.ts';
export { opsPatterns, opsRoutes, type UserSourceHealth } from './probes.ts';
export { qrDrawing, qrPicture, qrPictureUrl, qrSvg } from './qr-picture.ts';
export { openReadiness, type Readiness } from './readiness.ts';
export {
  type FallbackReplies,
  fullPath,
  type GuardedPattern,
  type Handler,
  type Method,
  type Mount,
  type MountRoutes,
  type Need,
  type Needs,
  type Route,
  type RoutePattern,
  routeConflicts,
  tieRoutes,
} from './route.ts';
export type { Service } from './service.ts';
export { manyLogins, openSightings, type Seen, type Sightings } from './sightings.ts';
export { type Encoding, mute, stateOf } from './state.ts';
export type { StreamPlaces, StreamReader } from './stream-places.ts';
export { streamEvents } from './streams.ts';
export { encodingOf, readText, unescaped } from './text.ts';
export { tryListeners } from './try-listeners.ts';
