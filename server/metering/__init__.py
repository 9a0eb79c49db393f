"""What is measured around signers and of the store: objects with the interface of the real ones."""
