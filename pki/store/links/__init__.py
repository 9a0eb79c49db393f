"""Links between cards and organisations."""
