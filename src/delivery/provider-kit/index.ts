export { type Pkcs12, type Pkcs12Problem, readPkcs12 } from '../../foundation/crypto/index.ts';
export type { DeviceAddress } from '../../foundation/model/index.ts';
export { GatewayFault, Secret } from '../../foundation/model/index.ts';
export { openGlob } from '../../foundation/patterns/index.ts';
export { connectRead, oneOrMany, proxyUrl, pushUrl, secret } from '../../foundation/settings/fields.ts';
export { type ClientCertificate, certificatesOf, readClientCertificate, readConfigFile } from '../../foundation/settings/pem.ts';
export { type ProviderProblem, ProviderProblems, readAll } from '../../foundation/settings/problems.ts';
export { type Http, type Http2, type HttpReply, openServerOrder, type WireError, type WireOptions } from '../../foundation/wire/index.ts';
export {
  type AddressKind,
  type CheckResult,
  type DeliveryOutcome,
  defineProvider,
  type Expiry,
  type OpenProvider,
  type ProviderDefinition,
  type ProviderHost,
  type Push,
} from './definition.ts';
export { kit, type ProviderKit, type ProviderPlugin } from './kit.ts';
export { readOutside } from './outside.ts';
export { retryAfterMs } from './retry-after.ts';
export { readAuthorities, type TlsSettings, tlsFields, tlsOptions, tlsReaders } from './tls.ts';
