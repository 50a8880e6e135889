import { MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { causesOf, wireErrorOf } from '../../foundation/wire/index.ts';

const duplicateKey = 11000;

/** What the server refuses because we asked wrongly: BadValue, FailedToParse, TypeMismatch, DocumentValidationFailure. */
const ourMistakes: readonly unknown[] = [2, 9, 14, 121];

/** MongoDB's code for a user who may not do that (Unauthorized). */
export const noRights = 13;

/** Whether a unique index refused a write. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === duplicateKey;
}

/**
 * What an error of an operation means for who called: the store is not reachable or not writable now (`store-unavailable`), or we are wrong
 * (an `Error`). An error of the server may quote what we sent, so only its code goes on; the driver's own name hosts, never credentials, and go on as the cause.
 */
export function faultOf(op: string, error: unknown): unknown {
  if (error instanceof GatewayFault) return error;
  const ofDriver = driversError(error);
  if (ofDriver instanceof MongoServerError) {
    const what = `${op}: ${String(ofDriver.codeName ?? ofDriver.name)} (${String(ofDriver.code)})`;
    if (ourMistakes.includes(ofDriver.code)) return new Error(`MongoDB refused ${what}`);
    return new GatewayFault('store-unavailable', `MongoDB failed at ${what}`);
  }
  // A socket that dies in the middle of a write ends it with the bare error of the system.
  const kind = ofDriver?.name ?? wireErrorOf(error, undefined);
  if (kind === undefined) return error;
  // An ops listener shows the message to anybody who reaches it; hosts are for the log, which has the cause too.
  return new GatewayFault('store-unavailable', `MongoDB failed at ${op}: ${kind}`, new Error(messageOf(error)));
}

/** The error of the driver in it, or that caused it. A bulk write has no code of its own where the connection ended it. */
export function driversError(error: unknown): MongoError | undefined {
  const found = causesOf(error).find((each) => each instanceof MongoError);
  const wrapped: unknown = found instanceof MongoBulkWriteError ? found.errorResponse : undefined;
  return wrapped instanceof MongoError ? wrapped : found;
}

/** Whether the connection or the server failed, whatever the class of the error is. */
export const isOutage = (error: unknown): boolean => driversError(error) !== undefined || wireErrorOf(error, undefined) !== undefined;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The same for what stops a start: a user who may not do what the start does is a mistake in the configuration. */
export function startFaultOf(database: string, error: unknown): unknown {
  if (error instanceof MongoServerError && error.code === noRights)
    return new GatewayFault(
      'config-invalid',
      `The user in store.url lacks rights on the database ${database}: give it the roles readWrite and dbAdmin there.`,
    );
  return faultOf('opening the database', error);
}
