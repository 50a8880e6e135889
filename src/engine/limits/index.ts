export {
  failureCeiling,
  failuresOfAll,
  type Guessed,
  type GuessLimits,
  type Lockout,
  openGuessLimits,
} from './guess-limits.ts';
export { type LimitScope, openSourceLimits, type SourceLimitSettings, type SourceLimits, sourceOf } from './source-limits.ts';
