/**
 * Installs the programs that tests start besides Node: MongoDB, OpenLDAP, FreeRADIUS, Prometheus and its promtool,
 * systemd-analyze, kubernetes-validate. Tests also install them when needed; CI does it first, outside the measured
 * time. With CI=true it exits with 1 if one is missing.
 */
import { execFileSync } from 'node:child_process';
import { haveFreeRadius } from '../test/kit/freeradius.ts';
import { findKustomize, haveKubernetesValidate } from '../test/kit/kubernetes.ts';
import { findPrometheus, findPromtool } from '../test/kit/promtool.ts';
import { haveSlapd } from '../test/kit/slapd.ts';
import { haveSystemdAnalyze } from '../test/kit/systemd.ts';

const tools = {
  slapd: haveSlapd(),
  freeradius: haveFreeRadius(),
  promtool: findPromtool(),
  prometheus: findPrometheus(),
  systemd: haveSystemdAnalyze(),
  kustomize: findKustomize()?.join(' '),
  kubernetesValidate: haveKubernetesValidate(),
};
const mongod = execFileSync(process.execPath, ['scripts/find-mongod.mjs'], { encoding: 'utf8' });
process.stdout.write(`${JSON.stringify({ ...tools, mongod: JSON.parse(mongod) })}\n`);
