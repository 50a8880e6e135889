export {
  type LimitScope,
  limitedSource,
  openSourceLimits,
  type SourceLimitSettings,
  type SourceLimits,
  type WrongProof,
} from './caller-failures.ts';
export { type GuessLimits, openGuessLimits } from './guesses-per-network.ts';
export { clientKey, isKnownClient, rememberClient } from './known-clients.ts';
export { type LoginQueue, type LoginQueueBounds, openLoginQueue, openShedding, type Shedding } from './login-queue.ts';
export {
  counterOf,
  counterOfUnknownUser,
  type GuessTreatment,
  type Lockout,
  openPinFailures,
  type PinFailures,
  type PinSource,
  readCounter,
} from './pin-failures.ts';
export {
  type CountedPrompts,
  countedPrompts,
  endPrompts,
  mutePhone,
  promptsBegin,
  promptsOf,
  takePrompt,
} from './prompts.ts';
