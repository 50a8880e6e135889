export { type Http, type HttpCall, type HttpReply, openHttp, type PublicWireOptions, type WireOptions } from './http.ts';
export { type Http2, type Http2Call, openHttp2 } from './http2.ts';
export type { WireError } from './wire-error.ts';
