"""The running service: everything that listens, stores, delivers, or is typed by an operator.

Rooms from top to bottom, imports only downward: `demo`, `cli`, `house` (puts the parts together), the doors `gateway`,
`web` and `alarm`, then `desk`, `standing`, `deeds`, `letters`, `outbox`, `workers`, `records`, and `kit` at the bottom.
What judges (`filters`), moves (`migrator`) and knows time (`schedules`) lies below and knows nothing of it.
"""
