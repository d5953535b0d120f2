"""Results of earlier runs, kept in the platform's cache folder."""
