export type { OutboxParts } from './attempt.ts';
export { type Outbox, openOutbox, type ReplayRefusal, type ShownMessage } from './outbox.ts';
export { expiryTarget, expiryWatch, type NewEvent, openPublisher, type Publisher } from './publisher.ts';
export type { NewMessage, OpenMessage, OutboxTarget, Sent } from './target.ts';
