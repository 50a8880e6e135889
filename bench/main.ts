/**
 * `npm run bench` measures all operations of a gateway (`operations.ts`); `npm run bench answer finish` measures some
 * of them.
 * `npm run bench waiters` runs a bench with its own setup, a file of this folder. Options follow `--`: `npm run bench
 * -- waiters --count 10000`.
 */
const alone = [
  'commands',
  'deliveries',
  'flame',
  'gorush',
  'growth',
  'keys',
  'linotp',
  'logins',
  'one-writer',
  'overload',
  'providers',
  'waiters',
];
const [name = ''] = process.argv.slice(2);
if (alone.includes(name)) process.argv.splice(2, 1);
await import(`./${alone.includes(name) ? name : 'operations'}.ts`);
