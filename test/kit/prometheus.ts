import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePort } from './ports.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** One series of a query result, with its value and time (s). */
export type Series = { metric: Record<string, string>; value: number; at: number };

/** The last evaluation of a rule: `ok`, `err`, or `unknown` before the first one. */
export type EvaluatedRule = { name: string; health: string; lastError?: string | undefined };

/** A real Prometheus on loopback. */
export type Prometheus = {
  /** The result of a query at a time (s), by default now. Rejects with Prometheus' message for an invalid query. */
  query(expr: string, at?: number): Promise<Series[]>;
  /** Resolves when a query has a series above 0, with its time (s). */
  until(expr: string): Promise<number>;
  /** The values of a label, as the variables of a dashboard query them. */
  labelValues(label: string, selector: string): Promise<string[]>;
  /** All rules, once each was evaluated. */
  rules(): Promise<EvaluatedRule[]>;
};

/**
 * Short enough to be quick, and long enough for a busy gateway's reply: a late reply is no sample, and marks all series
 * as stale.
 */
const everyMs = 500;

const seriesList = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
});
const ruleList = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() })) })),
});
const answer = z.object({ status: z.string(), error: z.string().optional(), data: z.unknown().optional() });

/**
 * Starts a Prometheus that `undo` stops. It scrapes `target` (host:port) as the job `job` and evaluates the rules of
 * `rules` twice a second. Its configuration is JSON, which is valid YAML.
 */
export async function givenPrometheus(
  undo: Cleanup,
  { program, job, target, rules }: { program: string; job: string; target: string; rules: string },
): Promise<Prometheus> {
  const folder = temporaryFolder(undo);
  const configFile = join(folder, 'prometheus.yml');
  const config = {
    global: { scrape_interval: `${everyMs}ms`, scrape_timeout: `${everyMs}ms`, evaluation_interval: `${everyMs}ms` },
    rule_files: [resolve(rules)],
    scrape_configs: [{ job_name: job, static_configs: [{ targets: [target] }] }],
  };
  writeFileSync(configFile, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    program,
    [`--config.file=${configFile}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`, '--log.level=error'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  undo.later(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Prometheus ended: ${told}`);
    await sleep(20);
  }
  return clientOf(`http://${address}/api/v1`);
}

function clientOf(api: string): Prometheus {
  const call = async (path: string, form: Record<string, string> = {}): Promise<unknown> => {
    const reply = await fetch(`${api}${path}?${new URLSearchParams(form)}`);
    const { status, error, data } = answer.parse(await reply.json());
    if (status !== 'success') throw new Error(`${error}: ${JSON.stringify(form)}`);
    return data;
  };
  const query = async (expr: string, at?: number): Promise<Series[]> => {
    const { result } = seriesList.parse(await call('/query', { query: expr, ...(at === undefined ? {} : { time: String(at) }) }));
    return result.map(({ metric, value: [moment, text] }) => ({ metric, value: Number(text), at: moment }));
  };
  return {
    query,
    async until(expr) {
      for (;;) {
        const found = (await query(expr)).find(({ value }) => value > 0);
        if (found) return found.at;
        await sleep(everyMs / 10);
      }
    },
    labelValues: async (label, selector) => z.array(z.string()).parse(await call(`/label/${label}/values`, { 'match[]': selector })),
    async rules() {
      for (;;) {
        const all = ruleList.parse(await call('/rules')).groups.flatMap(({ rules }) => rules);
        if (all.length > 0 && all.every(({ health }) => health !== 'unknown')) return all;
        await sleep(everyMs / 10);
      }
    },
  };
}
