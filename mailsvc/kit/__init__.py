"""The bottom room of the running service: what every other room is handed.

Settings, secrets, sockets and TLS, logs, metrics, identifiers and durable files. Nothing here knows of mail,
plans or records; nothing here keeps state of its own: whatever varies is an argument.
"""
