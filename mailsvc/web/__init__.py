"""What speaks HTTP: for now health and metrics, served inside the process they tell about.

Doors never import each other; each is an ASGI application that `mailsvc.web.server` serves on a socket of the house.
"""
