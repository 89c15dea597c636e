"""Linear models: least squares, penalties and the logistic, exact, from moments or from rows."""
