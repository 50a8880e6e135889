import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { givenRest, keys } from '../edge/dialects/rest/given.ts';
import { haveProgram } from '../kit/debian.ts';
import { type Cleanup, cleanup } from '../kit/temporary.ts';
import { givenBrokenGateway } from './broken-gateway.ts';

const havePython = (): boolean =>
  haveProgram({
    name: 'Python',
    packages: ['python3'],
    unproved: 'the Python client',
    isThere: () => spawnSync('python3', ['--version']).status === 0,
  });

/** Runs a script that imports the client; `line` resolves with its next line. */
function python(undo: Cleanup, script: string, environment: Record<string, string> = {}) {
  const child: ChildProcessWithoutNullStreams = spawn('python3', ['-u', '-c', script], {
    env: { ...process.env, PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1', ...environment },
  });
  undo.later(() => void child.kill());
  let [out, wrong] = ['', ''];
  child.stderr.on('data', (text) => (wrong += text));
  child.stdout.on('data', (text) => (out += text));
  return {
    async line(): Promise<string> {
      while (!out.includes('\n')) {
        if (child.exitCode !== null) throw new Error(`the script ended: ${wrong}`);
        await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
      }
      const end = out.indexOf('\n');
      const line = out.slice(0, end);
      out = out.slice(end + 1);
      return line;
    },
  };
}

const start = `
import json, os
from pushgate import Problem, Pushgate, Unreachable, WrongSignature, verify_web_hook
say = lambda value: print(json.dumps(value))
`;

describe('The Python client', function () {
  this.timeout(40_000);
  const undo = cleanup();
  before(function () {
    if (!havePython()) this.skip();
  });
  afterEach(() => undo.run());

  it('asks, waits for the answer, and takes it once', async () => {
    const { client, phoneOf } = await givenRest(undo);
    const phone = await phoneOf('alice');
    const script = `${start}
gateway = Pushgate(os.environ["URL"], key=os.environ["KEY"])
challenge = gateway.create_challenge(user="alice", text="Send money?", binding="session", idempotency_key="order-1")
say(challenge)
say(gateway.wait_for_challenge(challenge["id"])["status"])
say(gateway.consume_challenge(challenge["id"], binding="session")["user"])
try:
    gateway.consume_challenge(challenge["id"], binding="session")
except Problem as problem:
    say([problem.type, problem.status])
try:
    gateway.create_challenge(user="alice", validitySeconds=1)
except Problem as problem:
    say(problem.errors[0]["field"])
try:
    Pushgate("http://127.0.0.1:1", key="x").challenge("1")
except Unreachable:
    say("unreachable")
`;
    const { line } = python(undo, script, { URL: `${client.url}/rest`, KEY: keys.shop });
    const challenge = JSON.parse(await line());
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce, { option: challenge.number });
    assert.equal(await line(), '"accepted"');
    assert.equal(await line(), '"alice"');
    assert.equal(await line(), '["already-consumed", 409]');
    assert.equal(await line(), '"/validitySeconds"');
    assert.equal(await line(), '"unreachable"');
  });

  it('waits on by long polls when a stream breaks off, and says when a reply does', async () => {
    const script = `${start}
gateway = Pushgate(os.environ["URL"])
say(gateway.wait_for_challenge("good")["status"])
for broken in ("cut", "page"):
    try:
        gateway.challenge(broken)
    except Unreachable:
        say("unreachable")
`;
    const { line } = python(undo, script, { URL: await givenBrokenGateway(undo) });
    assert.deepEqual([await line(), await line(), await line()], ['"accepted"', '"unreachable"', '"unreachable"']);
  });

  it('checks web hooks', async () => {
    const secret = `whsec_${Buffer.from('a web hook secret of 32 bytes ...').toString('base64')}`;
    const body = '{"type":"challenge.accepted","data":{"id":"1","status":"accepted"}}';
    const tag = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(`msg-1.1800000000.${body}`)
      .digest('base64');
    const script = `${start}
headers = {"Webhook-Id": "msg-1", "webhook-timestamp": "1800000000", "webhook-signature": "v1,AAAA v1," + os.environ["TAG"]}
body = os.environ["BODY"].encode()
say(verify_web_hook(["whsec_AAAA", os.environ["SECRET"]], headers, body, now=1800000000)["data"]["id"])
for wrong in ({"now": 1800001000}, {"now": 1799999000}, {"body": body + b" ", "now": 1800000000}):
    try:
        verify_web_hook(os.environ["SECRET"], headers, **{"body": body, **wrong})
        say("taken")
    except WrongSignature:
        say("refused")
`;
    const { line } = python(undo, script, { SECRET: secret, TAG: tag, BODY: body });
    assert.deepEqual([await line(), await line(), await line(), await line()], ['"1"', '"refused"', '"refused"', '"refused"']);
  });
});
