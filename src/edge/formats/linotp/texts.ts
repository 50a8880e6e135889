/** The maximum length of each text of a challenge, in bytes of UTF-8. @see docs/protocols/linotp.md 8.2 */
export const linotpTexts = { message: 511, callback: 511, serial: 63, login: 127, host: 255 } as const;

/** The name of a challenge text. */
export type LinotpText = keyof typeof linotpTexts;

/** Whether a text fits into a challenge. NUL is excluded, since it ends a text there. */
export const fitsLinotp = (name: LinotpText, text: string): boolean =>
  Buffer.byteLength(text) <= linotpTexts[name] && !text.includes('\0') && text.isWellFormed();
