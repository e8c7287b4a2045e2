"""Rules of lending: who may have what, when, and in which words it is said."""
