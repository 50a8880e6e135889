export { type Pkcs12, type Pkcs12Problem, readPkcs12 } from '../../foundation/crypto/index.ts';
export { type DeviceAddress, GatewayFault, outcomeKinds, parseJson, type UnavailableReason } from '../../foundation/model/index.ts';
export { openGlob } from '../../foundation/patterns/index.ts';
export {
  type ClientCertificate,
  certificatesOf,
  connectRead,
  type Expiry,
  oneOrMany,
  proxyUrl,
  pushUrl,
  readAll,
  readAuthorities,
  readClientCertificate,
  readConfigFile,
  readKeyFile,
  readPrivateKey,
  Secret,
  type SettingProblem,
  SettingProblems,
  secret,
} from '../../foundation/settings/index.ts';
export { type Http, type Http2, type HttpReply, openServerOrder, type WireError, type WireOptions } from '../../foundation/wire/index.ts';
export {
  type AddressKind,
  type CheckResult,
  type DeliveryOutcome,
  defineProvider,
  type NamedServer,
  type OpenProvider,
  type ProviderDefinition,
  type ProviderHost,
  type Push,
  retryAfterMs,
} from './definition.ts';
export { readAddress } from './device-address.ts';
export { kit, type ProviderKit, type ProviderPlugin } from './kit.ts';
export { readOutside } from './outside.ts';
export { type ReceiverKeys, readSubscription, type Subscription } from './subscription.ts';
export { type TlsSettings, tlsFields, tlsOptions, tlsReaders, trustedCa } from './tls.ts';
