"""The forms in which an assignment is edited. Each gives back what the course file would say, so page and file are one."""
