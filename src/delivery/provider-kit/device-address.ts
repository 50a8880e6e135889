import { type DeviceAddress, ok, type Result, refused } from '../../foundation/model/index.ts';
import { readSubscription } from './subscription.ts';

type Kind = DeviceAddress['kind'];

const maxAddressLength = 4096;

/**
 * Reads a device address that a person typed or pasted, and removes what is not part of it. Refuses with one sentence
 * that does not repeat the address. The check covers the form only: whether a phone has the address, only its push
 * service knows.
 * @see docs/protocols/delivery.md 2, docs/protocols/linotp.md 6
 */
export function readAddress(kind: Kind, text: string): Result<string, string> {
  if (text.length > maxAddressLength) return refused(`An address has at most ${maxAddressLength} characters.`);
  return readers[kind](text);
}

const readers: Readonly<Record<Kind, (text: string) => Result<string, string>>> = {
  // iOS shows a device token as <0123abcd 4567…>.
  apns(text) {
    const hex = text.replace(/[<>\s]/g, '').toLowerCase();
    if (/^([0-9a-f]{2}){32,200}$/.test(hex)) return ok(hex);
    return refused('An APNs device token has 64 or more hexadecimal digits, two per byte. Copy it again from the app.');
  },
  fcm(text) {
    const token = text.trim();
    if (/^[\x21-\x7e]+$/.test(token)) return ok(token);
    return refused('An FCM registration token is ASCII without blanks. Copy it again from the app, in one piece.');
  },
  webpush(text) {
    const address = text.trim();
    if (readSubscription(address)) return ok(address);
    return refused(
      'A Web Push address is the JSON of a PushSubscription (endpoint, keys.p256dh, keys.auth), or the https URL of a UnifiedPush endpoint.',
    );
  },
  // Only the challenge service can interpret it; on the wire it ends with a NUL.
  gda(text) {
    if (text.trim() !== '' && !/\p{Cc}/u.test(text)) return ok(text);
    return refused('A gda is the text that LinOTP stores for the phone, without control characters.');
  },
};
