/** What a login came to, as `/validate/check` tells it. */
export type Outcome = { value: boolean; detail: Record<string, unknown> };
