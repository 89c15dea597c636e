#!/bin/sh
# Watch a model age and be kept fit: a year of real flights, lived through again.
# Usage: demo.sh FOLDER   (a new one; keepfit must be on the PATH)
set -eu
folder=${1:-flights}

if [ -e "$folder" ]; then
	echo "$folder is there already. Go on in it, or remove it to see the demo again." >&2
	exit 2
fi

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
show() { printf '\n\033[36m$ keepfit %s\033[0m\n' "$*"; keepfit "$@"; }

say "A new project: 336,776 flights that left New York in 2013, one file a month."
show init "$folder" --example flights --quiet
cd "$folder"
show check

say "The year under three policies. Each sees only what was there at the time."
show replay air_time --from 2013-01 --to 2014-01

say "Now in the project's own registry. March: a first model, which learned from January."
show run --as-of 2013-03
show approve air_time --yes --reason "the first model"

say "October: the champion has aged. A challenger that learned from August asks for its place."
show run --as-of 2013-10

say "Nobody answers. Winter comes, and with it the flights that the January model knows: the model"
say "of the month before is no better than it. What may be luck replaces nobody."
show run --as-of 2013-12
show run

say "The question of October is still open. Would yes be right today?"
show plan
show compare air_time@1.0.1 air_time@production

say "Your turn:"
cat <<TEXT
  cd $folder
  keepfit show air_time@production               what it learned from, and how well
  keepfit history air_time                       everything that happened
  keepfit reject air_time --reason "winter"      or approve: you decide
  keepfit predict air_time@production data/flights-2013-12.parquet predictions.csv
  open replay-air_time.svg                       the year as a chart
TEXT
