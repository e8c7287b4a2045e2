"""What comes in from the browser, parsed and refused in one place for each page."""
