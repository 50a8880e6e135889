export { type CallOptions, openPushgate, type Pushgate, type PushgateOptions } from './client.ts';
export { type FieldProblem, Problem, Unreachable } from './problem.ts';
export type { Challenge, ConsumedChallenge, NewChallenge } from './types.ts';
export { type HookCheck, type ReceivedHook, verifyWebHook, type WebHookEvent, WrongSignature } from './web-hooks.ts';
