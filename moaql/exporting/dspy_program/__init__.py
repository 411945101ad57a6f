"""A topology as a DSPy module: which prompts become predictors, the text of the module, and its saved state."""
