"""Read models: the event log folded into rows that can be thrown away and rebuilt."""
