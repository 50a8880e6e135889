import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenGateway } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The push tokens of a name', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are removed at every mount for one user only, also when no source knows the name anymore', async () => {
    // given an alice in each of two sources, with a push token each, both removed from their sources
    const folder = temporaryFolder(undo);
    const write = (name: string, usernames: readonly string[]): string => {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(usernames.map((username) => ({ username, userid: `${name}-${username}` }))));
      return file;
    };
    const names = ['staff', 'partners'];
    const given = await givenGateway(undo, {
      mounts: [
        { path: '/', serves: 'privacyidea', publicPoll: true },
        { path: '/linotp', serves: 'linotp' },
      ],
      more: {
        realms: [{ name: 'corp', default: true, users: names }],
        userSources: names.map((name) => ({ name, kind: 'file', config: { file: write(name, ['alice']) } })),
      },
    });
    for (const resolver of names) await given.phoneOf('alice', { serial: resolver, resolver });
    for (const name of names) write(name, ['somebody', 'else']);
    const left = async (): Promise<string[]> => {
      const { tokens } = (await given.client.get('/token/', {}, given.admin)).body.result.value;
      return tokens.map(({ serial }: { serial: string }) => serial).sort();
    };
    const remove = async (mount: string, form: Record<string, string>): Promise<string> => {
      const { body } =
        mount === '/'
          ? await given.client.send(`/token/?${new URLSearchParams(form)}`, { method: 'DELETE', headers: given.admin })
          : await given.client.post('/linotp/admin/remove', form, given.admin);
      const { error, value } = body.result;
      return error ? error.message : String(value);
    };
    // when her name alone is given, then nothing is removed
    assert.match(await remove('/', { user: 'alice' }), /Several users have this name; say by resolver/);
    assert.match(await remove('/linotp', { user: 'alice' }), /several users have this name; say by resConf/);
    assert.deepEqual(await left(), ['partners', 'staff']);
    // and with the source only hers
    assert.equal(await remove('/', { user: 'alice', resolver: 'staff' }), '1');
    assert.equal(await remove('/linotp', { user: 'alice', resConf: 'partners' }), '1');
    assert.deepEqual(await left(), []);
  });
});
