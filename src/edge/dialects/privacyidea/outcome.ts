/**
 * What a login came to, as `/validate/check` tells it. `isBare`: its detail is not told. `isFinal`: nothing follows from it, neither an enrolment nor
 * a count.
 */
export type Outcome = { value: boolean; detail: Record<string, unknown>; isBare?: boolean; isFinal?: boolean };

/** A no, with what the client is told of it. */
export const refuse = (message: string, more: Record<string, unknown> = {}): Outcome => ({ value: false, detail: { message, ...more } });
