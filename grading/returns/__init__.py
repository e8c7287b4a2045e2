"""The return of the hardware as work that is due, with the late days of the course."""
