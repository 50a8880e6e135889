import { type PushToken, type RolloutState, tokenNumber } from '../../../../foundation/model/index.ts';

/** LinOTP's names for the rollout states. @see docs/protocols/linotp.md 6 */
const states: Record<RolloutState, string> = {
  offered: 'unpaired',
  paired: 'pairing_response_received',
  activating: 'pairing_challenge_sent',
  enrolled: 'active',
};

/** A push token in `/admin/show`. */
export function tokenRow(token: PushToken): Record<string, unknown> {
  const { owner } = token;
  return {
    'LinOtp.TokenId': tokenNumber(token.serial),
    'LinOtp.TokenDesc': token.description,
    'LinOtp.TokenSerialnumber': token.serial,
    'LinOtp.TokenType': token.type,
    'LinOtp.TokenInfo': infoOf(token),
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
    'User.userid': owner?.userid ?? owner?.user ?? '',
    'User.username': owner?.user ?? '',
  };
}

const ed25519Bytes = 32;

/** LinOTP's info text of a token: one field per line. Leaves out the phone's address and secrets. */
function infoOf({ phone: { part }, phonePublicKey, rollout }: PushToken): string {
  const info = {
    partition: Number(part.partition ?? 0),
    state: states[rollout],
    ...(part.tokenId === undefined ? {} : { user_token_id: Number(part.tokenId) }),
    ...(phonePublicKey === undefined ? {} : { user_dsa_public_key: rawKey(phonePublicKey) }),
  };
  const lines = Object.entries(info).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

/** The raw key at the end of its SPKI form. */
const rawKey = (spki: string): string => Buffer.from(spki, 'base64').subarray(-ed25519Bytes).toString('base64');
