"""How well models do: metrics that know their direction, both sides on the same rows, luck."""
