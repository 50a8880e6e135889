export { type EnrolmentWish, enrolmentRules } from './enrolment-rules.ts';
export { type PiProduct, type PiReplyBody, piFallback, resultAuthentication, sendPi } from './envelope.ts';
export { asPiFault, noRightFault, PiFault, type PiFaultKind } from './errors.ts';
export type { PiFlavour } from './flavour.ts';
export { isTrue, type PiParams, piParams } from './params.ts';
export { bodyOf, readPiRequest } from './request.ts';
export { decodeAgain, decodesTwice } from './second-decoding.ts';
export { openReplySigner, replySigningKey } from './signature.ts';
export { expandTags, type TagFacts } from './tags.ts';
