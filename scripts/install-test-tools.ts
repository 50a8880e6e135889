/**
 * Installs what the tests start beside Node: MongoDB, OpenLDAP, FreeRADIUS, Prometheus and its promtool,
 * systemd-analyze, kubernetes-validate, Schemathesis, Chromium, zsh and fish. The tests do so by themselves; CI does it
 * first, so that it does not count as test time. Exits with 1 when something cannot be had and CI=true.
 */
import { execFileSync } from 'node:child_process';
import { haveChromium } from '../test/kit/browser.ts';
import { haveFreeRadius } from '../test/kit/freeradius.ts';
import { findKustomize, haveKubernetesValidate } from '../test/kit/kubernetes.ts';
import { findPrometheus, findPromtool } from '../test/kit/promtool.ts';
import { haveSchemathesis } from '../test/kit/schemathesis.ts';
import { haveShell } from '../test/kit/shells.ts';
import { haveSlapd } from '../test/kit/slapd.ts';
import { haveSystemdAnalyze } from '../test/kit/systemd.ts';

const tools = {
  chromium: haveChromium(),
  slapd: haveSlapd(),
  freeradius: haveFreeRadius(),
  promtool: findPromtool(),
  prometheus: findPrometheus(),
  systemd: haveSystemdAnalyze(),
  zsh: haveShell('zsh'),
  fish: haveShell('fish'),
  kustomize: findKustomize()?.join(' '),
  kubernetesValidate: haveKubernetesValidate(),
  schemathesis: haveSchemathesis(),
};
const mongod = execFileSync(process.execPath, ['scripts/find-mongod.mjs'], { encoding: 'utf8' });
process.stdout.write(`${JSON.stringify({ ...tools, mongod: JSON.parse(mongod) })}\n`);
