import type { Log } from './log.ts';

/** A name in a log line: of a user, a source's id of a user, or an administrator's account. */
export type LoggedName = { kind: 'user' | 'userid'; name: string; realm: string } | { kind: 'account'; name: string };

/** Returns the text to log for a name. */
export type ShowName = (name: LoggedName) => string;

type Fields = Record<string, unknown>;

const kinds: Readonly<Record<string, LoggedName['kind']>> = {
  user: 'user',
  names: 'user',
  userid: 'userid',
  administrator: 'account',
  account: 'account',
};

/** Deeper than any log line. */
const deepest = 6;

/**
 * A log that replaces every name of a person in its fields by `show(name)`. Of an error it keeps the class, code and
 * stack but drops the message, which may quote a name.
 */
export function withNames(log: Log, show: ShowName): Log {
  const named = (fields: object): object => shown({ ...fields }, { show, realm: '', depth: 0 });
  return {
    debug: (fields, message) => log.debug(named(fields), message),
    info: (fields, message) => log.info(named(fields), message),
    warn: (fields, message) => log.warn(named(fields), message),
    error: (fields, message) => log.error(named(fields), message),
    child: (fields) => withNames(log.child(named(fields)), show),
    get level() {
      return log.level;
    },
    set level(level) {
      log.level = level;
    },
  };
}

/** `realm`: the realm of the enclosing fields. */
type Place = { show: ShowName; realm: string; depth: number };

function shown(fields: Fields, { show, realm: above, depth }: Place): Fields {
  const realm = typeof fields.realm === 'string' ? fields.realm : above;
  const place = { show, realm, depth: depth + 1 };
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      const kind = kinds[key];
      return [key, kind === undefined ? shownValue(value, place) : shownName(value, kind, place)];
    }),
  );
}

function shownValue(value: unknown, place: Place): unknown {
  if (value instanceof Error) return withoutMessage(value);
  if (typeof value !== 'object' || value === null) return value;
  if (place.depth > deepest) return undefined;
  return Array.isArray(value) ? value.map((each) => shownValue(each, place)) : shown({ ...value }, place);
}

/** An empty name means nobody and stays empty. */
function shownName(value: unknown, kind: LoggedName['kind'], place: Place): unknown {
  if (Array.isArray(value)) return value.map((each) => shownName(each, kind, place));
  if (typeof value !== 'string') return shownValue(value, place);
  const { show, realm } = place;
  return value === '' ? '' : show(kind === 'account' ? { kind, name: value } : { kind, name: value, realm });
}

function withoutMessage(error: Error): Fields {
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { type: error.name, code: 'code' in error ? error.code : undefined, stack: places.join('\n') };
}
