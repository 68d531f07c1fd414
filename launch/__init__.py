"""Programs, one for each task of a user: flags in, one call of the library."""
