export { connectRead, networkField, oneOrMany, proxyUrl, pushUrl } from './fields.ts';
export { type ClientCertificate, certificatesOf, type Expiry, readAuthorities, readClientCertificate, readConfigFile } from './pem.ts';
export { readAll, type SettingProblem, SettingProblems } from './problems.ts';
export { Secret, secret } from './secret.ts';
