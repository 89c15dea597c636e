"""A challenger beside its champion: what is measured, on which rows, and what the gate says."""
