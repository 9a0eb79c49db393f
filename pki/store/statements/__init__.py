"""How statements run, for whoever reads or writes."""
