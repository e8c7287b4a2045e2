"""The agent on a board: takes jobs from the site, measures them in a sandbox, brings the results back.

Standard library only, Python 3.9 or later; numpy and the runtimes are imported by the process in the sandbox alone.
docs/runner-protocol.md says what is spoken with the site.
"""

PROTOCOL = 1
