"""What promptfoo needs besides the provider: eval sets as its tests."""
