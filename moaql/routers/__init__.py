"""Fitted routers: what a router file says, and which label it gives a question. Applying one needs no other package."""
