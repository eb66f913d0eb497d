"""The entrance for machines: receives messages, reads them by format, hands them to the rooms, replays what failed."""
