"""Results as people read them: tables as rows of texts, and plots. Nothing here asks or prints."""
