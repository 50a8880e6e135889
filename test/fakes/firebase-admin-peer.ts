/**
 * Google's own client in a process of its own, since only the environment of a process can lead it elsewhere. Reads
 * `{ serviceAccount, messages: [{ message, dryRun? }] }` from standard input and writes what came of each message, as JSON.
 */
import { text } from 'node:stream/consumers';
import { cert, initializeApp } from 'firebase-admin/app';
import { getMessaging, type Message } from 'firebase-admin/messaging';

const order: { serviceAccount: string; messages: { message: Message; dryRun?: boolean }[] } = JSON.parse(await text(process.stdin));
const app = initializeApp({ credential: cert(JSON.parse(order.serviceAccount)) });
const outcomes: unknown[] = [];
for (const { message, dryRun = false } of order.messages) {
  try {
    outcomes.push({ sent: await getMessaging(app).send(message, dryRun) });
  } catch (error) {
    const { code, message: words } = error as { code: string; message: string };
    outcomes.push({ code, message: words });
  }
}
process.stdout.write(JSON.stringify(outcomes), () => process.exit());
