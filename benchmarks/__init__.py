"""One script for each promised figure. `make bench` runs them all and writes `docs/figures.md` as measured.

Each script prints one line of JSON a figure: `{"name", "value", "unit", "target", "met", "baseline", "anchor"}`. A
missed target says `"met": false` and the target never moves. The baseline is measured in the same run, since machines
differ.
"""
