import type { PushToken, RolloutState } from '../../../foundation/model/index.ts';

/** LinOTP's names of the states of a push token. @see docs/protocols/linotp.md 6 */
const states: Record<RolloutState, string> = {
  offered: 'unpaired',
  paired: 'pairing_response_received',
  activating: 'pairing_challenge_sent',
  enrolled: 'active',
};

/** A push token as `/admin/show` lists it. Its info holds neither the phone's address nor a secret. */
export function tokenRow(token: PushToken): Record<string, unknown> {
  const { owner, phone } = token;
  const info = { partition: Number(phone.part.partition ?? 0), state: states[token.rollout] };
  return {
    'LinOtp.TokenId': idOf(token.serial),
    'LinOtp.TokenDesc': token.description,
    'LinOtp.TokenSerialnumber': token.serial,
    'LinOtp.TokenType': token.type,
    'LinOtp.TokenInfo': JSON.stringify(info, null, 0),
    'LinOtp.IdResolver': owner?.resolver ?? '',
    'LinOtp.IdResClass': '',
    'LinOtp.Userid': owner?.user ?? '',
    'LinOtp.OtpLen': 6,
    'LinOtp.MaxFail': token.maxFail,
    'LinOtp.Isactive': token.enabled,
    'LinOtp.FailCount': token.failCount,
    'LinOtp.Count': token.loginCount,
    'LinOtp.CountWindow': 10,
    'LinOtp.SyncWindow': 1000,
    'LinOtp.CreationDate': new Date(token.createdAt).toUTCString(),
    'LinOtp.LastAuthSuccess': token.lastLogin ? new Date(token.lastLogin.at).toUTCString() : '',
    'LinOtp.LastAuthMatch': '',
    'LinOtp.RealmNames': token.realms,
    'User.description': '',
    'User.userid': owner?.user ?? '',
    'User.username': owner?.user ?? '',
  };
}

/** A number for clients that want one: from the serial, always the same, below 2^31. */
const idOf = (serial: string): number => [...serial].reduce((so, character) => (so * 31 + character.charCodeAt(0)) % 2_147_483_647, 7);
