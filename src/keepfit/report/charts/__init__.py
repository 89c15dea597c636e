"""Charts as inline SVG: no script, no colours of their own (the page's style has them), a title and
a description for those who cannot see them. The numbers stand in a table beside each."""
