/**
 * A certificate for localhost that signs itself, valid from 2020 to 2119, with its key: no system trusts it, so it
 * proves nothing but that TLS is checked.
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUj9b3ufyDqLdOQLa
TVUaBuzAkLMEFv0a3JFlc4O6RRahRANCAARzZgikBOV1i5czP7SpbEt/wAEf0wqO
T0SZJOIli00q3EbXLN5AMr5wrgSY2ID6shoVHP1BTZgyqabcU8pOhvkw
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHNmCKQE5XWLlzM/
tKlsS3/AAR/TCo5PRJkk4iWLTSrcRtcs3kAyvnCuBJjYgPqyGhUc/UFNmDKpptxT
yk6G+TCjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBSQ/EkoR++Ur5YTldmHwNxibwLt5zAKBggqhkjOPQQD
AgNJADBGAiEA2FlVjhq7MyijFvjRrrFXIibLsqqGfX3kZTQZtDZ+7vICIQDd9/D/
DlE9CXnnVP6fTDuqtRypDNYa3do1fRDuTZALdg==
-----END CERTIFICATE-----
`,
};
