import type { GatewayEvent } from '../../src/foundation/model/index.ts';
import { linesOf } from '../../src/foundation/telemetry/event-log.ts';
import { eventTexts } from '../../src/foundation/telemetry/event-reference.ts';
import { bullet, code, escaped, page, wrapped } from './markdown.ts';

/** The page about all kinds of events and audit entries. */
export function eventsPage(): string {
  return page([
    '# Event reference',
    wrapped(
      'Every kind of event. The log has one JSON line for each: `event` is the kind, `msg` the sentence, and the fields stand beside them. ' +
        'The audit keeps the same events as entries ([audit.md](../audit.md)). `npx pushgate audit list --kind KIND` finds them.',
    ),
    wrapped('No event holds a secret: no PIN, key, device address, nonce or credential.'),
    ...Object.entries(eventTexts).map(([kind, { when, fields }]) => {
      const facts = [...logFacts(kind), ...Object.entries(fields).map(([field, meaning]) => bullet(code(field), escaped(meaning)))];
      return [`## ${code(kind)}`, wrapped(escaped(when)), facts.join('\n')].join('\n\n');
    }),
  ]);
}

/** The log line of a kind; the audit's own chain entries have none. */
const logFacts = (kind: string): string[] =>
  isLogged(kind)
    ? linesOf(kind).map(({ level, message }) => bullet(`Log ${code(level)}`, `"${message}"`))
    : ['- Log: nothing, the audit alone has it'];

const isLogged = (kind: string): kind is GatewayEvent['kind'] => kind !== 'audit-begun' && kind !== 'audit-checkpoint';
