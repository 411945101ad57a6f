"""Topologies behind the chat API of OpenAI: each topology of the served programs is a model.

`server` listens and drains, `door` lets in and logs, `answering` answers, `programs` knows the topologies, and loads files that
change again.
Starlette and uvicorn are imported here alone, and only where something is served.
"""
