/** The most bytes of UTF-8 that each text of a challenge may have. @see docs/protocols/linotp.md 8.2 */
export const linotpTexts = { message: 511, callback: 511, serial: 63, login: 127, host: 255 } as const;

/** A text of a challenge. */
export type LinotpText = keyof typeof linotpTexts;

/** Whether a text has room in a challenge. One that holds NUL has not: nobody could tell where it ends. */
export const fitsLinotp = (name: LinotpText, text: string): boolean =>
  Buffer.byteLength(text) <= linotpTexts[name] && !text.includes('\0') && text.isWellFormed();
