import { type DestinationStream, pino } from 'pino';
import { GatewayFault } from '../model/index.ts';

/** The log of the gateway's parts: one JSON object per line. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds these fields to each line, with the current level. */
  child(fields: object): Log;
  /** The lowest level that is written. */
  level: string;
};

/**
 * Field names that are never logged, at the top of an entry or one level below. Parts do not log them; this is the
 * safety net.
 */
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

/** The fields without secrets. pino's own redaction takes ten times as long, more than a login's signatures. */
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
 * The log fields for something thrown. A fault of the surroundings: its reason and cause (a log may name hosts). Any
 * other error: with its stack.
 */
export function thrownFields(error: unknown): object {
  if (!(error instanceof GatewayFault)) return { err: error };
  return { reason: error.message, cause: error.cause instanceof Error ? error.cause.message : undefined, code: error.code };
}

/**
 * Opens the JSON log.
 * @param level the lowest level that is written
 * @param destination where lines go; by default standard output
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
