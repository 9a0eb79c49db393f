"""What is signed for auditors."""
