"""Plans looked at before they happen: shown, drawn, put into calendars, compared, rehearsed, written for a domain."""
