"""Bad files sent to a running site by HTTP, as people send them, by every door that takes a file.

`made.py` makes the course, called in the settings of the site; `doors.py` knows by which address a kind of file comes in; `trial.py` sends,
waits for the runs, looks at the pages afterwards and counts. tests/hostile/test_over_http.py sends some two hundred files,
`python -m tests.load.bad_files http` all of them.
"""
