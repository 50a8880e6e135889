import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The commands with a gateway that is eduMFA', function () {
  this.timeout(120_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('make an edupush token, scan its picture, and log in with a PIN that encoding can break', async () => {
    const folder = temporaryFolder(undo);
    const [file, picture, phone] = [join(folder, 'config.json'), join(folder, 'alice.png'), join(folder, 'phone.json')];
    const port = await freePort();
    const actions = { edupush_firebase_configuration: 'poll only', edupush_registration_url: `http://127.0.0.1:${port}/ttype/edupush` };
    const mounts = [{ path: '/', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true }];
    const policies = [{ name: 'here', scope: 'enrollment', actions }];
    writeFileSync(file, configText({ mounts, policies, settings: { logLevel: 'error' } }, `127.0.0.1:${port}`));
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGTERM'));
    const pin = '50%41 +';
    const init = await pushgate('tokens', 'init', '--type', 'edupush', '--user', 'alice', '--pin', pin, '--qr', picture, '--config', file);
    assert.match(init.out, /^edumfa-push:\/\/edumfa\/EDUP/, init.err);
    const enrol = await pushgate('phone', 'enrol', '--qr', picture, '--app', 'edumfa-next', '--phone', phone);
    assert.match(enrol.out, /^enrolled EDUP\w+ \(eduMFA\)/, enrol.err);
    const login = await pushgate('login', '--user', 'alice', '--pin', pin, '--approve', '--phone', phone, '--config', file);
    assert.match(login.out, /ACCEPT: Found matching challenge\nLogin accepted\.\n$/, login.err);
    const other = await pushgate('tokens', 'init', '--type', 'edupush', '--user', 'bob', '--config', file);
    const scanned = await pushgate('phone', 'enrol', other.out.trim(), '--phone', phone);
    assert.match(scanned.out, /^enrolled EDUP/, scanned.err);
  });
});
