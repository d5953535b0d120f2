"""What earlier runs found out, kept in the platform's cache folder."""
