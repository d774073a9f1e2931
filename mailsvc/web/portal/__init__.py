"""The door of links: where subscribers fetch what was exported for them.

    app = portal_app(Portal(records, settings.exports, now=..., log=...))

A GET of a link shows a page with a button and looks nothing up, so that programs which follow links in mails use
nothing up. The button's POST uses the link up into a short session, kept by a cookie; behind it are the files with
their checksums, which a download can go on with where it broke off. `doors.py` answers, `opening.py` asks the records,
`throttle.py` counts what clients get wrong, `pages.py` writes pages. What is no link, no longer one, or somebody
else's now gets one and the same answer. Nothing that opens a link is logged.
"""

from mailsvc.web.portal.doors import Portal, beside, portal_app

__all__ = ["Portal", "beside", "portal_app"]
