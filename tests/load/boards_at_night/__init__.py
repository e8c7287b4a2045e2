"""The pieces of tests/load/runner_faults.py: a network that can be cut, lines that say calls twice, boards, a site, races, and what came out."""
