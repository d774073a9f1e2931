"""Rules of what speaks HTTP."""
