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
