export {
  type LimitScope,
  limitedSource,
  openSourceLimits,
  type SourceLimitSettings,
  type SourceLimits,
  type WrongProof,
} from './caller-failures.ts';
export {
  failureCeiling,
  failuresOfAll,
  type Guessed,
  type GuessLimits,
  type Lockout,
  openGuessLimits,
} from './guesses-per-network.ts';
export { clientKey, isKnownClient, rememberClient } from './known-clients.ts';
export {
  endPrompts,
  type HeldPrompts,
  heldPrompts,
  mutePhone,
  promptsBegin,
  promptsOf,
  takePrompt,
} from './prompts.ts';
