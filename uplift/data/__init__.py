"""Where rows live: readers, roles, windows, and exact sums; the only room that knows a table engine."""
