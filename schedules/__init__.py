"""Time: plans, their editions, and the clocks by which they are read."""
