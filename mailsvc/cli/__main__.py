"""`python -m mailsvc.cli` is `lastpost`."""

from mailsvc.cli.main import main

main()
