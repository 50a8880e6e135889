import type { RelayDevice, Transaction } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Store } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import { type DeviceFacts, putDevice, type Registrant, removeDevice, type SignedRequest, signedDevice, waitingFor } from './devices.ts';
import { type RelayReply, relay } from './relay.ts';
import type { RelayRequest } from './transaction.ts';

export { carriedAddress } from './addresses.ts';
export {
  type DeviceFacts,
  putDevice,
  type Registrant,
  removeDevice,
  type SignedRequest,
  signedDevice,
  signedText,
  waitingFor,
} from './devices.ts';
export { type RelayReply, relay } from './relay.ts';
export { type RelayRequest, relaySerial } from './transaction.ts';

/** Pushes for servers that keep their push tokens themselves, and the devices that these go to. */
export type Relay = {
  /**
   * Delivers a challenge of an auth server that looks after its phones itself. It is stored first and delivered once, whichever gateway it comes to again: a
   * repeat gets the reply of the first, or waits for it. Throws `store-unavailable`.
   * @see docs/protocols/linotp.md 15
   */
  deliver(request: RelayRequest): Promise<RelayReply>;
  /** Registers a relay device, or changes what is known of it; it lives again by that. `refused`: it belongs to another auth server, or is not there for a phone to change. */
  putDevice(gda: string, facts: DeviceFacts, by: Registrant): Promise<'put' | 'refused' | 'busy'>;
  /** Forgets a relay device; a phone that was forgotten has to be registered by its auth server again. */
  removeDevice(gda: string, by: Registrant): Promise<'removed' | 'refused' | 'busy'>;
  /**
   * The relay device whose key has signed a request, not long ago. Undefined for an unknown gda, one without a key, a wrong signature and one out of time
   * alike; throws `TurnedAway` for one too many of them.
   */
  signedDevice(request: SignedRequest): Promise<RelayDevice | undefined>;
  /** What is waiting for a relay device: challenges of its auth server that have not ended, oldest first. */
  waitingFor(device: RelayDevice): Promise<Transaction[]>;
  /** Devices whose addresses a push service called dead, for the server that owns them. */
  deadDevices: Store['deadDevices'];
};

/** Ties them to the engine's parts. */
export const openRelay = (parts: EngineParts): Relay => ({
  deliver: (request) => span('relay challenge', {}, () => relay(parts, request)),
  putDevice: (gda, facts, by) => putDevice(parts, gda, facts, by),
  removeDevice: (gda, by) => removeDevice(parts, gda, by),
  signedDevice: (request) => signedDevice(parts, request),
  waitingFor: (device) => waitingFor(parts, device),
  deadDevices: parts.store.deadDevices,
});
