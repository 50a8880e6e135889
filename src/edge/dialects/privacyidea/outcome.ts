/** What a login came to, as `/validate/check` tells it; `isBare`: its detail is not told. */
export type Outcome = { value: boolean; detail: Record<string, unknown>; isBare?: boolean };

/** A no, with what the client is told of it. */
export const refuse = (message: string, more: Record<string, unknown> = {}): Outcome => ({ value: false, detail: { message, ...more } });
