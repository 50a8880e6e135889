export type { Answered } from './answer.ts';
export type { Ask, PushRequest } from './challenge.ts';
export type { Reply } from './exchange.ts';
export type { Taken } from './inbox.ts';
export type { Outcome } from './outcome.ts';
export { openPhone, type PhoneOptions, type VirtualPhone } from './phone.ts';
export type { PollReport } from './poll.ts';
export { readQrPicture } from './qr-picture.ts';
export type { TokenView } from './tokens.ts';
