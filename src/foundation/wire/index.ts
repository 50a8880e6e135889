export { type Http, type HttpCall, type HttpReply, openHttp, type WireOptions } from './http.ts';
export type { WireError } from './wire-error.ts';
