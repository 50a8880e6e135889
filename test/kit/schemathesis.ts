import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { installPackages, mayInstall, runQuietly } from './debian.ts';

const version = '4.32.5';
/** Schemathesis, a validator of OpenAPI documents, and all that they need. */
const packages = [
  `schemathesis==${version}`,
  'openapi-spec-validator==0.9.0',
  ...['annotated-types==0.8.0', 'anyio==4.16.0', 'attrs==26.1.0', 'certifi==2026.10.19.post1', 'charset-normalizer==3.5.3', 'click==8.5.1'],
  ...['graphql-core==3.3.2', 'harfile==0.6.0', 'hypothesis==6.170.17', 'hypothesis-graphql==0.13.5', 'idna==3.20', 'iniconfig==2.3.1'],
  ...['jsonschema==4.26.0', 'jsonschema-path==0.5.0', 'jsonschema-rs==0.60.3', 'jsonschema-specifications==2025.9.1'],
  ...['lazy-object-proxy==1.13.0', 'markdown-it-py==4.3.0', 'markupsafe==3.0.4', 'mdurl==0.1.2', 'openapi-schema-validator==0.9.0'],
  ...['packaging==26.4', 'pathable==0.6.0', 'pluggy==1.7.0', 'pydantic==2.14.4', 'pydantic-core==2.50.5', 'pydantic-settings==2.16.3'],
  ...['pygments==2.21.0', 'pyrate-limiter==4.5.1', 'pytest==9.2.0', 'python-dotenv==1.2.4', 'pyyaml==6.0.4', 'referencing==0.37.0'],
  ...['requests==2.34.2', 'rfc3339-validator==0.1.4', 'rich==15.0.0', 'rpds-py==2026.9.1', 'six==1.17.0', 'sortedcontainers==2.4.0'],
  ...['typing-extensions==4.16.0', 'typing-inspection==0.4.5', 'urllib3==2.8.0', 'werkzeug==3.1.9'],
];
const cache = resolve(`node_modules/.cache/schemathesis-${version}`);

/** The environment in which `python3 -m schemathesis.cli` and `python3 -m openapi_spec_validator` run. */
export const schemathesisEnvironment = { ...process.env, PYTHONPATH: cache };

/** Whether Schemathesis is installed; if not, pip installs it beside the other test tools. */
export function haveSchemathesis(): boolean {
  if (!existsSync(cache)) install();
  const { status } = spawnSync('python3', ['-m', 'schemathesis.cli', '--version'], { env: schemathesisEnvironment });
  if (status === 0) return true;
  const advice = 'it needs Python 3.10 or newer with pip';
  if (process.env.CI) throw new Error(`Schemathesis is missing; CI must prove the REST interface against its document: ${advice}`);
  process.stderr.write(`SKIPPED: the REST interface is not proved against its document, as Schemathesis is missing: ${advice}\n`);
  return false;
}

/** Installed in a temporary folder and then renamed, so that its place only ever holds a complete installation. */
function install(): void {
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0 && mayInstall()) installPackages('python3', 'python3-pip');
  const beside = `${cache}-${process.pid}`;
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  runQuietly('python3', ['-m', 'pip', 'install', ...quiet, '--only-binary=:all:', '--no-deps', '--target', beside, ...packages]);
  if (existsSync(`${beside}/schemathesis`) && !existsSync(cache)) renameSync(beside, cache);
  rmSync(beside, { recursive: true, force: true });
}
