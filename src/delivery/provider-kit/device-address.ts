import { type DeviceAddress, ok, type Result, refused } from '../../foundation/model/index.ts';
import { readSubscription } from './subscription.ts';

type Kind = DeviceAddress['kind'];

const longestAddress = 4096;

/**
 * Reads a device address that somebody typed or pasted: cleaned of what is not part of it, or one sentence on what is wrong, which does not repeat it.
 * An address that passes has the form of its kind; whether a phone is there only its push service knows.
 * @see docs/protocols/delivery.md 2, docs/protocols/linotp.md 6
 */
export function readAddress(kind: Kind, text: string): Result<string, string> {
  if (text.length > longestAddress) return refused(`An address has ${longestAddress} characters at most.`);
  return readers[kind](text);
}

const readers: Readonly<Record<Kind, (text: string) => Result<string, string>>> = {
  // iOS shows a device token as <0123abcd 4567…>.
  apns(text) {
    const hex = text.replace(/[<>\s]/g, '').toLowerCase();
    if (/^([0-9a-f]{2}){32,200}$/.test(hex)) return ok(hex);
    return refused('An APNs device token is hexadecimal, two digits for each byte, 64 or more. Copy it once more from the app.');
  },
  fcm(text) {
    const token = text.trim();
    if (/^[\x21-\x7e]+$/.test(token)) return ok(token);
    return refused('An FCM registration token is ASCII without blanks. Copy it once more from the app, in one piece.');
  },
  webpush(text) {
    const address = text.trim();
    if (readSubscription(address)) return ok(address);
    return refused(
      'A Web Push address is the JSON of a PushSubscription (endpoint, keys.p256dh, keys.auth), or an https URL of UnifiedPush.',
    );
  },
  // Opaque to everybody but the challenge service; on the wire it ends with a NUL.
  gda(text) {
    if (text.trim() !== '' && !/\p{Cc}/u.test(text)) return ok(text);
    return refused('A gda is the text that LinOTP has stored for the phone, without control characters.');
  },
};
