/** An RSA key pair made ahead of need: public part as PKCS#1 DER in base64, private part sealed for `stock:<id>`. */
export type StockKey = { id: string; bits: number; publicKey: string; sealedPrivateKey: string };
