import { type DestinationStream, pino } from 'pino';
import { GatewayFault } from '../model/index.ts';

/** Where the parts of the gateway write what happened: one JSON object per line. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log whose lines have these fields too, with the level of this moment. */
  child(fields: object): Log;
  /** The lowest level that is written. */
  level: string;
};

/** Names of fields that never reach a log, at the top of an entry or one level down. Parts do not log them; this is the net below. */
const secretFields = new Set([
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
]);

const censor = '[redacted]';

type Fields = Record<string, unknown>;

const isPlain = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !(value instanceof Error);

/** The fields without secrets. pino's own redaction takes ten times as long: with it the lines of a login cost more than its signatures. */
function redacted(fields: Fields, levels = 2): Fields {
  let changed: Fields | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = secretFields.has(name)
      ? censor
      : levels > 1 && isPlain(value) && !Array.isArray(value)
        ? redacted(value, levels - 1)
        : value;
    if (shown === value) continue;
    changed ??= { ...fields };
    changed[name] = shown;
  }
  return changed ?? fields;
}

/**
 * What a line says of something thrown: of broken surroundings the reason and what caused it (the log may name hosts), since everything meets them; of a
 * defect also the place it comes from.
 */
export function thrownFields(error: unknown): object {
  if (!(error instanceof GatewayFault)) return { err: error };
  return { reason: error.message, cause: error.cause instanceof Error ? error.cause.message : undefined, code: error.code };
}

/**
 * Opens the JSON log.
 * @param level the lowest level that is written
 * @param destination where lines go; standard output when absent
 */
export function openLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent', destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: Fields) => redacted(fields) },
    serializers: { err: (error: Error) => redacted(pino.stdSerializers.err(error), 1) },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination ? pino(options, destination) : pino(options);
}
