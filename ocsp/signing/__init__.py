"""Making answers: by the long way, and by the short one where only CertID and nonce are new."""
