type Key = {
  seed_hex: string;
  ed25519_public_hex: string;
  ed25519_secret_hex: string;
  x25519_public_hex: string;
  x25519_secret_hex: string;
};
type Answer = { to_be_signed_hex: string; signature_hex: string; signature_b64url: string };
type PairingUrlInput = {
  token_type: string;
  partition?: number | string;
  serial?: string;
  callback_url?: string;
  use_cert?: boolean;
  callback_sms_number?: string;
  otp_pin_length?: number;
  hash_algorithm?: string;
  mobile_app_protocol_id?: string;
};
type ChallengeInput = {
  content_type: number;
  transaction_id: string;
  callback_url?: string;
  message?: string;
  login?: string;
  host?: string;
  serial?: string;
  partition: number;
  user_token_id: number;
  phone: string;
  ephemeral_secret_r_hex: string;
  unix_time: number;
};

/** The sections of the LinOTP vectors for the phone side. */
export type LinotpVectors = {
  partition_keys: (Key & { partition: number; config_PublicKey_b64: string; config_SecretKey_b64: string })[];
  phone_keys: (Key & { name: string })[];
  partition_key_errors: { case: string; partition: number; message: string }[];
  base64url: {
    roundtrip: { bytes_hex: string; b64url: string }[];
    decoder_tolerance_of_real_server: { text: string; bytes_hex?: string }[];
  };
  transaction_id_u64: { transaction_id: string; u64: string; le_hex: string }[];
  pairing_urls: { input: PairingUrlInput; url: string; raw_hex?: string }[];
  pairing_url_errors: { case: string; input: PairingUrlInput }[];
  pairing_responses: {
    name: string;
    input: {
      partition: number;
      phone: string;
      user_token_id: number;
      serial: string;
      gda: string | null;
      ephemeral_secret_r_hex: string;
    };
    intermediate: Record<
      | 'header_aad_hex'
      | 'R_hex'
      | 'shared_secret_hex'
      | 'aes_key_hex'
      | 'eax_nonce_hex'
      | 'plaintext_hex'
      | 'ciphertext_hex'
      | 'eax_tag_hex',
      string
    >;
    pairing_response: string;
    real_server_parsed: {
      token_type: string;
      user_public_key_hex: string;
      user_token_id: number;
      serial: string;
      user_login: string;
      gda?: string;
    };
  }[];
  pairing_response_negative: { case: string; pairing_response: string; real_server: 'accepted' | 'refused'; serial?: string }[];
  challenge_urls: {
    name: string;
    input: ChallengeInput;
    challenge_url: string;
    layout: { server_signature_hex: string };
    decryption: { plaintext_hex: string };
    sig_base_hex: string;
    accept: Answer;
    deny: Answer;
  }[];
  challenge_url_errors: { case: string; input: Partial<ChallengeInput> }[];
  answer_negative: { case: string; challenge: string; passwd: string | { accept?: string; reject?: string }; returns?: 1 | -1 }[];
};

/** Bytes of hex. */
export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** The seed of a partition of the vectors. Throws for an unknown one. */
export function partitionSeed({ partition_keys }: LinotpVectors, number: number): Buffer {
  const key = partition_keys.find(({ partition }) => partition === number);
  if (!key) throw new Error(`there is no partition ${number}`);
  return hex(key.seed_hex);
}

/** The seed of a phone of the vectors. Throws for an unknown one. */
export function phoneSeed({ phone_keys }: LinotpVectors, name: string): Buffer {
  const key = phone_keys.find((each) => each.name === name);
  if (!key) throw new Error(`there is no phone ${name}`);
  return hex(key.seed_hex);
}
