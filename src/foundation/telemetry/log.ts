import { type DestinationStream, pino } from 'pino';

/** Where the parts of the gateway write what happened: one JSON object per line. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
};

/** Names of fields that never reach a log, at the top of an entry or one level down. Parts do not log them; this is the net below. */
const secretFields = [
  'pass',
  'password',
  'pin',
  'otppin',
  'nonce',
  'handle',
  'signature',
  'fbtoken',
  'new_fb_token',
  'pubkey',
  'enrollment_credential',
  'credential',
  'token',
  'payload',
  'privateKey',
  'sealedPrivateKey',
  'pinHash',
  'passwordHash',
  'address',
  'authorization',
  'presence_answer',
  'display_code',
];

/**
 * Opens the JSON log.
 * @param level the lowest level that is written
 * @param destination where lines go; standard output when absent
 */
export function openLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent', destination?: DestinationStream): Log {
  const paths = secretFields.flatMap((name) => [name, `*.${name}`]);
  const options = {
    level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths, censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
