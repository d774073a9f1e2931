"""Mail that was taken and must go on: routes, retries, the SMTP client and the last step into a Maildir.

Use `Outbox(...).run()` as a role of the house. It fails only when the records refuse for good; every trouble
with a next hop or a disk is a deferral that is visible in the delivery's row.
"""
