/** A number for clients that want one of a push token: from its serial, always the same, below 2^31. */
export const tokenNumber = (serial: string): number =>
  [...serial].reduce((so, character) => (so * 31 + character.charCodeAt(0)) % 2_147_483_647, 7);
