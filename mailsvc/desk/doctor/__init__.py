"""What is wrong or will be: every check of `lastpost doctor`, one file per subject.

Use: `examine.examine(desk)` gives findings, the worst first; each says what and what to do.
Fails: never for what it looks at: a check that cannot look makes that a finding.
"""
