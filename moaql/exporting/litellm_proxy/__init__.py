"""What LiteLLM's proxy needs: its table of models, and the handler that answers as the topology."""
