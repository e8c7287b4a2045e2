"""Who is in a course and how they came there: roster files, invitations, sections, dropping, merging accounts."""
