"""What is known of an address at one instant: directory, plan, and how full its mailbox is, as one Standing.

`standings` answers for one address, from `almanac` (the editions), `usage` (the mailboxes) and the directory;
`watch` says what time it is and whether to believe it. What cannot be known now raises `FactsAway`. `verdicts` puts
all of it before the judge.
"""

from mailsvc.standing.almanac import Almanac, UnreadableEdition
from mailsvc.standing.standings import Standings
from mailsvc.standing.usage import UsageBook
from mailsvc.standing.usage_counts import FactsAway
from mailsvc.standing.verdicts import Verdicts
from mailsvc.standing.watch import Watch

__all__ = ["Almanac", "FactsAway", "Standings", "UnreadableEdition", "UsageBook", "Verdicts", "Watch"]
