"""`python -m mailsvc.demo [OPTIONS] [WORDS]`: the demo world, or `lastpost WORDS` with its settings."""

import sys

from mailsvc.demo.main import main

sys.exit(main(sys.argv[1:]))
