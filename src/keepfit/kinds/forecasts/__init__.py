"""One method a series: the seasonal naive, and those of statsforecast."""
