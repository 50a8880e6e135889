/**
 * Installs what the tests start beside Node: MongoDB, OpenLDAP, FreeRADIUS, Prometheus and its promtool, systemd-analyze, kubernetes-validate. The tests do it by themselves, too; CI does it before it looks
 * at the time. Ends with 1 where something is not to be had and CI=true.
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
