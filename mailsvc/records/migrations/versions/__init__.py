"""One file per version of the tables; a file never changes once released."""
