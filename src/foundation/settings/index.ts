export { type Certificate, certificatesOf, deciding, type Expiry, endedChainText, endedInChain, leafFirst } from './certificates.ts';
export { connectRead, networkField, oneOrMany, proxyUrl, pushUrl } from './fields.ts';
export { type ClientCertificate, readAuthorities, readClientCertificate, readConfigFile, readPem } from './pem.ts';
export { readAll, type SettingProblem, SettingProblems, settingProblemsOf } from './problems.ts';
export { Secret, secret } from './secret.ts';
export { jsonText, pemText, readKeyFile, readPrivateKey, readPublicKey } from './secret-forms.ts';
export { plainError } from './sentences.ts';
export { readTextFile, readTextFileLater, textOf } from './text-file.ts';
