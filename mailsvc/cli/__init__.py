"""The command line: `lastpost WORDS`, every word of which calls an act of `mailsvc.desk`.

Use: `mailsvc.cli.main.main()`; docs/COMMANDS.md lists every command.
Fails: with one sentence on stderr and an exit code: 1 failed, 2 usage, 3 problems found. Never with a traceback.
"""
