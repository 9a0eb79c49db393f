"""What a certificate's status was at a time in the past, and a signed statement of it."""
