"""Run one program of ours on a stranger's file so that nothing it does reaches further than one pipe."""
