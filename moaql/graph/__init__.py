"""From a checked program to a DAG of calls, reductions and gates, and what can be said of it before anything is spent."""
