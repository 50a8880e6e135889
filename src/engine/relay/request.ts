import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Asker } from '../parts.ts';

/** A device address that an auth server names in a request, and its own name for it. */
export type GivenAddress = Pick<DeviceAddress, 'kind' | 'value'> & { reference?: string | undefined };

/** The phone of a relayed challenge: a device by its gda, that of a push token by its serial, or its addresses. */
export type RelayTarget =
  | { kind: 'device'; gda: string }
  | { kind: 'token'; serial: string }
  | { kind: 'addresses'; addresses: readonly GivenAddress[] };

/**
 * How long a push is worth delivering (ms): `wantedMs`, which policies only shorten; else as policies say, and at least
 * `leastMs`. Its outcome is kept for `keptMs`.
 */
export type RelayValidity = { wantedMs?: number | undefined; leastMs?: number | undefined; keptMs?: number | undefined };

/** A challenge to deliver for an auth server that keeps its challenges itself. */
export type RelayRequest = {
  asker: Asker;
  /** The caller showed a credential of its own. */
  showed: boolean;
  /** The auth server's own id of the challenge; the phone gets it too. */
  transactionId: string;
  to: RelayTarget;
  /** The text for the phone, and its phone protocol: that of the push token, or LinOTP's, unless `protocol` names it. */
  payload: string;
  protocol?: string | undefined;
  /** The only provider of the delivery plan to use. */
  via?: string | undefined;
  validity?: RelayValidity;
};

/** The serial under which the challenges of a gda are stored. */
export const relaySerial = (gda: string): string => `relay-${sha256Hex(gda)}`;

/** All that makes a challenge this one. Only its keyed hash is stored: it contains device addresses. */
export const contentOf = ({ to, payload, protocol, via, validity }: RelayRequest): string =>
  JSON.stringify([to, payload, protocol, via, validity?.wantedMs]);
