import { MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { causesOf, wireErrorOf } from '../../foundation/wire/index.ts';

const duplicateKey = 11000;

/** Server errors that are our own mistakes: BadValue, FailedToParse, TypeMismatch, DocumentValidationFailure. */
const badCommandCodes: readonly unknown[] = [2, 9, 14, 121];

/** MongoDB's code Unauthorized. */
export const noRights = 13;

/** Whether a unique index refused a write. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === duplicateKey;
}

/** Whether a bulk write stored everything but documents that exist already. */
export const refusedAsDuplicates = (error: unknown): boolean =>
  error instanceof MongoBulkWriteError &&
  !error.result.getWriteConcernError() &&
  [error.writeErrors].flat().length > 0 &&
  [error.writeErrors].flat().every(({ code }) => code === duplicateKey);

/**
 * Translates an error of an operation: the store is unreachable or not writable (`store-unavailable`), or the mistake
 * is ours (an `Error`). A server's error may quote our data, so only its code is kept. The driver's own errors name
 * hosts but no credentials, and are kept as the cause.
 */
export function faultOf(op: string, error: unknown): unknown {
  if (error instanceof GatewayFault) return error;
  const ofDriver = driversError(error);
  if (ofDriver instanceof MongoServerError) {
    const what = `${op}: ${String(ofDriver.codeName ?? ofDriver.name)} (${String(ofDriver.code)})`;
    if (badCommandCodes.includes(ofDriver.code)) return new Error(`MongoDB refused ${what}`);
    return new GatewayFault('store-unavailable', `MongoDB failed at ${what}`);
  }
  // A socket that dies during a write fails with the system's error.
  const kind = ofDriver?.name ?? wireErrorOf(error, undefined);
  if (kind === undefined) return error;
  // An ops listener shows the message publicly; hosts are only in the cause, for the log.
  return new GatewayFault('store-unavailable', `MongoDB failed at ${op}: ${kind}`, new Error(messageOf(error)));
}

/**
 * The driver's error among an error and its causes. A bulk write that ended with its connection has no code of its own.
 */
export function driversError(error: unknown): MongoError | undefined {
  const found = causesOf(error).find((each) => each instanceof MongoError);
  const wrapped: unknown = found instanceof MongoBulkWriteError ? found.errorResponse : undefined;
  return wrapped instanceof MongoError ? wrapped : found;
}

/** Whether the connection or the server failed, for any class of error. */
export const isOutage = (error: unknown): boolean => driversError(error) !== undefined || wireErrorOf(error, undefined) !== undefined;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The same for errors that stop a start: missing rights are a mistake in the configuration. */
export function startFaultOf(database: string, error: unknown): unknown {
  if (error instanceof MongoServerError && error.code === noRights)
    return new GatewayFault(
      'config-invalid',
      `The user in store.url lacks rights on the database ${database}: give it the roles readWrite and dbAdmin there.`,
    );
  return faultOf('opening the database', error);
}
