export {
  type Http,
  type HttpCall,
  type HttpReply,
  type OnceError,
  openHttp,
  type PublicWireOptions,
  sendOnce,
  type WireOptions,
} from './http.ts';
export { type Http2, type Http2Call, openHttp2 } from './http2.ts';
export { nodeHttp, reasonPhrase } from './node-http.ts';
export { openRadius, type Radius, type RadiusOptions, type RadiusOutcome } from './radius.ts';
export { openServerOrder, type ServerOrder, type ServerState, type Tried } from './server-order.ts';
export { type TlsProblem, tlsProblemOf } from './tls-problem.ts';
export { causesOf, type WireError, wireErrorOf } from './wire-error.ts';
