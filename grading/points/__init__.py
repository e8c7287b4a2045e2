"""From metrics to points: what a value earns, what is said of it, and how it is drawn. Pure: facts in, explained lines out.

lines.py holds the whole; facts, shares, conditions and fit_line what it rests on; words and drawing how a rule is told; modelled and
training which numbers of a device may be graded; table, again and trial serve the pages.
"""
