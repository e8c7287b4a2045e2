"""The one place that knows the library (pylti1p3next). It takes a quarter of a second to import, so whoever needs it imports it where it is used."""
