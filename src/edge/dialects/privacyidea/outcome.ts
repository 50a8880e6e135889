/** What a login came to, as `/validate/check` tells it; `isBare`: its detail is not told. */
export type Outcome = { value: boolean; detail: Record<string, unknown>; isBare?: boolean };
