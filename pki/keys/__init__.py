"""The `Signer` adapters: encrypted files, PKCS#11, a bounded pool. Knows neither SQL nor HTTP."""
