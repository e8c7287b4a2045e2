"""What `manage.py bench` runs and prints."""
