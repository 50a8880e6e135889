import type { RelayDevice, Transaction } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Store } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import { type DeviceFacts, putDevice, type Registrant, removeDevice, type SignedRequest, signedDevice, waitingFor } from './devices.ts';
import { type RelayReply, relay } from './relay.ts';
import type { RelayRequest } from './request.ts';

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
export { type GivenAddress, type RelayRequest, type RelayTarget, relaySerial } from './request.ts';

/** Pushes for auth servers that keep their push tokens themselves, and the devices of these. */
export type Relay = {
  /**
   * Delivers a challenge of an auth server that keeps its challenges itself, when it is that server's turn. It is stored
   * first and delivered once, even if it comes to several gateways: a repetition gets the first reply, or waits for it.
   * A failed one is delivered again. Reports every refusal as an event. Throws `store-unavailable` and `Overloaded`.
   * @see docs/protocols/linotp.md 15
   */
  deliver(request: RelayRequest): Promise<RelayReply>;
  /**
   * Registers or changes a relay device, which also revives it. `refused`: it belongs to another auth server, or a
   * phone tried to create it.
   */
  putDevice(gda: string, facts: DeviceFacts, by: Registrant): Promise<'put' | 'refused' | 'busy'>;
  /** Deletes a relay device; its auth server must register the phone again. */
  removeDevice(gda: string, by: Registrant): Promise<'removed' | 'refused' | 'busy'>;
  /**
   * The relay device that recently signed a request. Undefined alike for an unknown gda, one without a key, a wrong
   * signature and an old one; throws `TurnedAway` after too many of them.
   */
  signedDevice(request: SignedRequest): Promise<RelayDevice | undefined>;
  /** The open challenges of its auth server for a relay device, oldest first. */
  waitingFor(device: RelayDevice): Promise<Transaction[]>;
  /** Devices with addresses that a push service reported as dead, for the server that owns them. */
  deadDevices: Store['deadDevices'];
};

/** Binds these functions to the engine's parts. */
export const openRelay = (parts: EngineParts): Relay => ({
  deliver: (request) => span('relay challenge', {}, () => relay(parts, request)),
  putDevice: (gda, facts, by) => putDevice(parts, gda, facts, by),
  removeDevice: (gda, by) => removeDevice(parts, gda, by),
  signedDevice: (request) => signedDevice(parts, request),
  waitingFor: (device) => waitingFor(parts, device),
  deadDevices: parts.store.deadDevices,
});
