import { type CommandStartedEvent, type Document, MongoClient } from 'mongodb';
import type { Cleanup } from '../../kit/temporary.ts';

/**
 * One command that the driver sent: its name and collection, and when it began and ended (in the order of all such
 * moments).
 */
export type Command = { name: string; collection: string; began: number; ended: number };

/**
 * Records every command that any client of this process sends, by the driver's own command monitoring; ask for it in
 * the URL.
 */
export type Monitor = {
  /** Makes the driver monitor the clients of this address. */
  monitored(url: string): string;
  /** The commands that were sent since the last call and have ended. */
  take(): Command[];
};

const ofNoInterest = ['hello', 'ping', 'endSessions', 'getMore', 'listCollections', 'listIndexes', 'createIndexes', 'create'];

/** Listens until `undo` runs. */
export function monitorCommands(undo: Cleanup): Monitor {
  const commands: Command[] = [];
  let moment = 0;
  const { connect } = MongoClient.prototype;
  MongoClient.prototype.connect = function (this: MongoClient) {
    const underWay = new Map<number, Command>();
    this.on('commandStarted', ({ requestId, commandName: name, command }: CommandStartedEvent) => {
      if (ofNoInterest.includes(name) || isHouseKeeping(name, command)) return;
      moment += 1;
      const sent = { name, collection: String(command[name]), began: moment, ended: Number.POSITIVE_INFINITY };
      underWay.set(requestId, sent);
      commands.push(sent);
    });
    const end = ({ requestId }: { requestId: number }): void => {
      const sent = underWay.get(requestId);
      underWay.delete(requestId);
      moment += 1;
      if (sent) sent.ended = moment;
    };
    this.on('commandSucceeded', end).on('commandFailed', end);
    return connect.call(this);
  };
  undo.later(() => {
    MongoClient.prototype.connect = connect;
  });
  return {
    monitored: (url) => `${url}${url.includes('?') ? '&' : '?'}monitorCommands=true`,
    take: () => commands.splice(0),
  };
}

/** The number of waits: commands that are under way at the same time count as one. */
export function roundTrips(commands: readonly Command[]): number {
  let trips = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { began, ended } of [...commands].sort((a, b) => a.began - b.began)) {
    if (began > until) trips += 1;
    until = began > until ? ended : Math.min(until, ended);
  }
  return trips;
}

/** The periodic work of a gateway: its sweeps, its keys. */
const isHouseKeeping = (name: string, command: Document): boolean =>
  name === 'delete' ||
  ['counters', 'stockKeys', 'accounts', 'schema'].includes(String(command[name])) ||
  (name === 'find' && ('effectsDue' in command.filter || 'decision.finishUntil' in command.filter));
