import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { installPackages, mayInstall, runQuietly } from './debian.ts';

/** The command that renders a kustomize folder: a program and its first argument. */
export type Kustomize = readonly [program: string, command: string];

const programs: readonly Kustomize[] = [
  ['kustomize', 'build'],
  ['kubectl', 'kustomize'],
];

/**
 * The kustomize of this machine, or the one in its kubectl. Tests install none: building it takes a minute of CPU, and
 * Debian's kubectl is too old for components. A home-made stand-in would not show kustomize's effect on selectors.
 * Without it these tests are skipped on a user's machine.
 */
export function findKustomize(): Kustomize | undefined {
  const found = programs.find(([program]) => spawnSync(program, ['version', ...(program === 'kubectl' ? ['--client'] : [])]).status === 0);
  return found ?? missing('kustomize', 'install kustomize or kubectl');
}

/** A resource as kustomize writes it, with the fields that tests read. */
export type Resource = { kind: string; metadata: { name: string; labels?: Record<string, string> }; [key: string]: unknown };

/** The resources that a cluster gets for a folder. Throws kustomize's message for a folder that it refuses. */
export function rendered([program, command]: Kustomize, folder: string): { text: string; resources: Resource[] } {
  const { status, stdout, stderr } = spawnSync(program, [command, folder], { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(stderr);
  return { text: stdout, resources: parseAllDocuments(stdout).map((document) => document.toJS()) };
}

const version = '1.37.0';
const packages = [
  `kubernetes-validate==${version}`,
  ...['attrs==26.1.0', 'importlib-resources==7.1.0', 'jsonschema==4.26.0', 'jsonschema-specifications==2025.9.1', 'packaging==26.4'],
  ...['pyyaml==6.0.4', 'referencing==0.37.0', 'rpds-py==2026.9.1', 'typing-extensions==4.16.0'],
];
const cache = resolve(`node_modules/.cache/kubernetes-validate-${version}`);
const env = { ...process.env, PYTHONPATH: cache };

/** Whether the checker of Kubernetes' schemas is installed; if not, pip installs it beside the other test tools. */
export function haveKubernetesValidate(): boolean {
  if (!existsSync(cache)) install();
  if (validator('--version').status === 0) return true;
  missing('kubernetes-validate', 'it needs Python 3.10 or newer with pip');
  return false;
}

/**
 * Checks resources against the schemas of one Kubernetes version, such as `1.37`; an unknown field is a problem too.
 */
export function kubernetesProblems(file: string, kubernetes: string): string {
  const { status, stdout, stderr } = validator('--strict', '--quiet', '--no-warn', '-k', kubernetes, file);
  return status === 0 ? '' : stdout + stderr;
}

const validator = (...args: string[]) =>
  spawnSync('python3', ['-m', 'kubernetes_validate', ...args], { env, encoding: 'utf8', timeout: 60_000 });

/** Installed in a temporary folder and then renamed, so that its place only ever holds a complete installation. */
function install(): void {
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0 && mayInstall()) installPackages('python3', 'python3-pip');
  const beside = `${cache}-${process.pid}`;
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  runQuietly('python3', ['-m', 'pip', 'install', ...quiet, '--only-binary=:all:', '--no-deps', '--target', beside, ...packages]);
  if (existsSync(`${beside}/kubernetes_validate`) && !existsSync(cache)) renameSync(beside, cache);
  rmSync(beside, { recursive: true, force: true });
}

function missing(what: string, advice: string): undefined {
  if (process.env.CI) throw new Error(`${what} is missing; in CI the files for Kubernetes are to be proved: ${advice}`);
  process.stderr.write(`\n    SKIPPED: the files for Kubernetes are not proved, as ${what} is missing: ${advice}\n`);
}
