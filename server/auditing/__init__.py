"""What an auditor takes along: exports of the journal, signed."""
