// Google's own client in a process of its own, since only the environment of a process can lead it elsewhere. Reads
// { serviceAccount, messages: [{ message, dryRun? }] } from standard input and writes what came of each message, as JSON.
import { text } from 'node:stream/consumers';
import { cert, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';

const { serviceAccount, messages } = JSON.parse(await text(process.stdin));
const app = initializeApp({ credential: cert(JSON.parse(serviceAccount)) });
const outcomes = [];
for (const { message, dryRun = false } of messages) {
  try {
    outcomes.push({ sent: await getMessaging(app).send(message, dryRun) });
  } catch (error) {
    outcomes.push({ code: error.code, message: error.message });
  }
}
process.stdout.write(JSON.stringify(outcomes), () => process.exit());
