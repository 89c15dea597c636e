"""GluonTS's network for many series, trained by torch and answered without it."""
