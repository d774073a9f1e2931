"""The door through which time comes in: `AlarmRole` rings, deeds are carried out, the clock is watched."""
