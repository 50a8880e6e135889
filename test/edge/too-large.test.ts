import assert from 'node:assert/strict';
import { type GivenGateway, givenGateway, mountsOfAll } from '../kit/gateway.ts';
import { cleanup } from '../kit/temporary.ts';

describe('A body that is too large', () => {
  const undo = cleanup();
  let given: GivenGateway;
  before(async () => {
    const hidden = { name: 'hide', actions: { hide_specific_error_message_for_ttype: true } };
    given = await givenGateway(undo, { mounts: mountsOfAll, policies: [hidden] });
  });
  after(() => undo.run());

  /** `says`: what stands in the reply, in the words of the dialect. */
  for (const { path, says } of [
    { path: '/validate/check', says: /"code":905,"message":"ERR905: The body has more than 65536 bytes/ },
    { path: '/validate/radiuscheck', says: /^/ },
    { path: '/auth', says: /"code":905/ },
    { path: '/token/init', says: /"code":905/ },
    { path: '/ttype/push', says: /"message":"Failed special token function"/ },
    { path: '/edumfa/validate/check', says: /"code":905/ },
    { path: '/edumfa/ttype/edupush', says: /"code":-311/ },
    { path: '/linotp/validate/check', says: /"value": false/ },
    { path: '/linotp/validate/simplecheck', says: /^:-\($/ },
    { path: '/linotp/validate/pair', says: /"status": false/ },
    { path: '/linotp/validate/accept_transaction', says: /"value": false/ },
    { path: '/linotp/admin/login', says: /ERR905: the body has more than 65536 bytes/ },
    { path: '/cs/v1/challenge', says: /^The body is too large\n$/ },
    { path: '/ops/ops/people/merge', says: /too-large/ },
  ])
    for (const { title, body } of [
      { title: 'with its length', body: () => 'x'.repeat(65_537) },
      { title: 'in chunks', body: () => new Blob(['x'.repeat(65_537)]).stream() },
    ])
      it(`${title} is 413 at ${path}, in the format of its callers`, async () => {
        const reply = await fetch(`${given.gateway.urls[0]}${path}`, {
          method: 'POST',
          body: body(),
          headers: { ...given.admin, 'content-type': 'application/x-www-form-urlencoded' },
          ...{ duplex: 'half' },
        });
        assert.equal(reply.status, 413);
        assert.match(await reply.text(), says);
      });
});
