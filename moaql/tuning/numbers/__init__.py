"""Numbers that are fitted to an eval set: thresholds of `when`, routers, and weights of votes."""
