"""Rules of the kit: settings, secrets, logs, sockets, files."""
