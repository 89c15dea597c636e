"""Which rows are learned from and which are judged on; no key is on two sides."""
