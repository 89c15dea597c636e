"""The programs of the image. Each ends in `exec`, so that signals arrive where work is done."""

from __future__ import annotations

_ENTRY = """\
#!/bin/sh
# What `docker run IMAGE …` runs: train and serve as SageMaker calls them, a server of the registry,
# or any verb of keepfit.
set -eu
command=${1:-serve}
[ "$#" -eq 0 ] || shift
case "$command" in
train)
	exec keepfit sagemaker train "$@"
	;;
serve)
	# With a reference, from the registry: serve fare@production, or KEEPFIT_SERVE=fare@production.
	# Without one, what lies in /opt/ml/model.
	if [ "$#" -eq 0 ] && [ -n "${KEEPFIT_SERVE:-}" ]; then
		# Several references are words of one variable.
		# shellcheck disable=SC2086
		set -- $KEEPFIT_SERVE
	fi
	if [ "$#" -gt 0 ]; then
		exec keepfit serve --host 0.0.0.0 --port 8080 "$@"
	fi
	exec keepfit sagemaker serve
	;;
*)
	if command -v "$command" >/dev/null 2>&1; then
		exec "$command" "$@"
	fi
	exec keepfit "$command" "$@"
	;;
esac
"""

_NAMED = """\
#!/bin/sh
exec "$(dirname "$0")/entry" {name} "$@"
"""

SCRIPTS = {
    "entry": _ENTRY,
    "train": _NAMED.format(name="train"),
    "serve": _NAMED.format(name="serve"),
}
