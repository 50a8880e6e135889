import type { Context } from 'koa';
import { longestPin, type TokenLimitRefusal } from '../../../../engine/index.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { administrationOf, qrPicture, qrPictureUrl, serverBehind } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';
import { ownerNamed } from '../subject.ts';
import { tokenForm } from '../token-form.ts';

const longest = { pin: longestPin, description: 80, serial: 40 };
const serialPattern = /^[0-9a-zA-Z_-]+$/;
const known = ['type', 'serial', 'user', 'realm', 'resConf', 'pin', 'description', 'session', 'key_size', 'qr', 'httperror'];

/** `POST /admin/init`: makes a push token that waits for pairing, and its QR code. @see docs/protocols/linotp.md 6.1 */
export async function adminInit(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  const admin = await adminOf(parts, ctx, 'enrollPUSH');
  const wish = await readWish(parts, params);
  const server = serverBehind(parts, ctx, { mount: parts.mount.path, admin });
  const asker = askerFor(parts, ctx, server);
  const facts = { ...parts.engine.facts(asker, wish.owner), tokenType: tokenForm.type };
  const url = parts.engine.policy.value('pushtoken_pairing_callback_url', facts);
  if (url === undefined) throw new LinotpFault('untyped', 'Policy pushtoken_pairing_callback_url must have a value');
  const name = () => '';
  const offer = { url, lifeMs: parts.offerLifeMs, sslVerify: true, pollOnly: false, label: name, issuer: name, extras: {} };
  const offered = await administrationOf(parts.engine, asker, admin, 'enrollPUSH').offer(asker, {
    ...wish,
    offer,
    mount: parts.mount.path,
  });
  if (!offered.ok && typeof offered.error === 'object') throw tooManyTokens(offered.error);
  if (!offered.ok) throw new LinotpFault('parameter', `the serial ${wish.serial ?? ''} is taken, or the pairing URL too long`);
  await sendOffer(parts, ctx, params.text('qr'), { serial: offered.value.token.serial, text: offered.value.text });
}

/** The owner has the maximum number of tokens. */
const tooManyTokens = ({ counted }: TokenLimitRefusal): LinotpFault =>
  new LinotpFault('policy', `The maximum number of allowed ${counted === 'active' ? 'active ' : ''}tokens per user is exceeded.`);

async function sendOffer(
  parts: LinotpParts,
  ctx: Context,
  form: string | undefined,
  { serial, text }: { serial: string; text: string },
): Promise<void> {
  if (form === 'png') {
    ctx.type = 'image/png';
    ctx.body = qrPicture(text, { scale: 4 });
    return;
  }
  const img = `<img id="challenge_qrcode"   width=250  src="${qrPictureUrl(text, { scale: 4 })}"/>`;
  if (form !== undefined) {
    ctx.type = 'text/html; charset=utf-8';
    ctx.body = form === 'html' ? `<!doctype html><html><body>${img}</body></html>` : img;
    return;
  }
  const lseQrUrl = { description: 'Pairing URL', img, order: 0, value: text };
  sendLinotp(ctx, parts.product, { id: 1, value: true, detail: { pairing_url: text, lse_qr_url: lseQrUrl, serial } });
}

/** Reads and checks the parameters of the new token. */
async function readWish(parts: LinotpParts, params: LinotpParams) {
  const type = params.required('type');
  if (type !== tokenForm.type) throw new LinotpFault('token-type', `admin/init failed: unknown token type '${type}'`);
  if (params.names().some((name) => !known.includes(name)))
    throw new LinotpFault('untyped', 'Unknown request type for token type pushtoken');
  const serial = limited(params, 'serial') || undefined;
  if (serial !== undefined && !serialPattern.test(serial))
    throw new LinotpFault('parameter', `Invalid serial number. Must comply to ${serialPattern.source}.`);
  const name = params.text('user');
  const owner = name ? await ownerNamed(parts, params, name) : undefined;
  return {
    ...tokenForm,
    serial,
    owner,
    realms: owner?.realm ? [owner.realm] : [],
    description: limited(params, 'description'),
    pin: limited(params, 'pin'),
  };
}

function limited(params: LinotpParams, name: keyof typeof longest): string {
  const text = params.text(name) ?? '';
  if (text.length > longest[name]) throw new LinotpFault('parameter', `${name} has more than ${longest[name]} characters`);
  return text;
}
