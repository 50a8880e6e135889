import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import { webPushReceiver } from '../../test/kit/web-push-receiver.ts';
import { encrypt, maxPayloadBytes } from './encryption.ts';

/** RFC 8291, appendix A: the inputs and the resulting body. */
const vector = {
  plaintext: 'When I grow up, I want to be a watermelon',
  senderPrivateKey: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  receiverPrivateKey: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  body:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y' +
    'l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
};
const bytes = (text: string) => Buffer.from(text, 'base64url');
const keysOf = ({ keys }: ReturnType<typeof webPushReceiver>) => ({ p256dh: bytes(keys.p256dh), auth: bytes(keys.auth) });

describe('Encryption for Web Push', () => {
  const vectorReceiver = () => webPushReceiver({ privateKey: vector.receiverPrivateKey, auth: vector.auth });

  it('reproduces the body of RFC 8291, appendix A, byte for byte', () => {
    const sender = createECDH('prime256v1');
    sender.setPrivateKey(bytes(vector.senderPrivateKey));
    const body = encrypt(vector.plaintext, keysOf(vectorReceiver()), { salt: bytes(vector.salt), sender });
    assert.equal(body.toString('base64url'), vector.body);
    assert.equal(vectorReceiver().read(bytes(vector.body)), vector.plaintext);
  });

  it('is readable by the same receiver as the output of the web-push library', () => {
    const receiver = webPushReceiver();
    const theirs = webPush.generateRequestDetails({ endpoint: 'https://push.example/1', keys: receiver.keys }, '{"nonce":"Grüße"}');
    const ours = encrypt('{"nonce":"Grüße"}', keysOf(receiver));
    assert.equal(receiver.read(theirs.body ?? assert.fail()), '{"nonce":"Grüße"}');
    assert.equal(receiver.read(ours), '{"nonce":"Grüße"}');
    assert.equal(ours.length, theirs.body?.length);
  });

  it('never produces the same bytes twice', () => {
    const keys = keysOf(webPushReceiver());
    const [one, two] = [encrypt('x', keys), encrypt('x', keys)];
    assert.notDeepEqual(one.subarray(0, 16), two.subarray(0, 16));
    assert.notDeepEqual(one.subarray(21, 86), two.subarray(21, 86));
  });

  it('fills 4096 bytes with its longest payload, which every push service accepts', () => {
    const receiver = webPushReceiver();
    const longest = 'x'.repeat(maxPayloadBytes);
    const body = encrypt(longest, keysOf(receiver));
    assert.equal(body.length, 4096);
    assert.equal(receiver.read(body), longest);
  });
});
