/**
 * `npm run bench` measures all operations of a gateway (`operations.ts`), `npm run bench answer finish` some of them, and `npm run bench waiters` something
 * that needs a stage of its own: the other files of this folder. Options come after `--`: `npm run bench -- waiters --count 10000`.
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
