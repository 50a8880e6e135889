// Checks the subjects of the last commits: `type(scope): what changes`, at most 72 characters. Without a git history it
// checks nothing.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const form = /^(feat|fix|perf|refactor|docs|test|build|ci|chore|revert)(\([a-z0-9/.-]+\))?!?: \S.*$/;
const longest = 72;
const looked = 50;

if (existsSync('.git')) {
  const subjects = execFileSync('git', ['log', `-${looked}`, '--no-merges', '--format=%s'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  const wrong = subjects.filter((subject) => !form.test(subject) || subject.length > longest);
  for (const subject of wrong) process.stderr.write(`not "type(scope): what changes", or over ${longest} characters: ${subject}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} else process.stderr.write('no .git here: no commits to look at\n');
