/** The time as a parameter: epoch ms. Tests hand in their own. */
export type Clock = () => number;
