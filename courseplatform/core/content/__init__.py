"""Uploaded files, and the host of their own from which they are given out: nothing that a person sent is served from the site's origin."""
