"""mbox files: one for each folder, read and written.

`target.MboxTarget` writes mboxrd, with a `manifest.json` beside it for what an mbox cannot say; `source.MboxSource`
reads such a folder back octet by octet, and any mbox that other programs wrote (mboxrd, mboxo).
"""
